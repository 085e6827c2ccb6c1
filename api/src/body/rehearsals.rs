//! What is asked of `/v1/rehearsals`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Check, Errors};
use crate::rehearsal::{BUYERS_MAX, Plan, SECONDS_MAX, UNITS_MAX};

/// A rehearsal to start.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRehearsal {
    /// Units of the one SKU that there is; 500 when missing.
    #[schema(minimum = 1, maximum = 100_000)]
    units: Option<i64>,
    /// Buyers who all want one unit, all at once; 1,000 when missing.
    #[schema(minimum = 1, maximum = 5_000)]
    buyers: Option<i64>,
    /// For how many seconds units are sold; 15 when missing.
    #[schema(minimum = 1, maximum = 120)]
    seconds: Option<i64>,
    /// The same seed gives the same buyers; 1 when missing.
    seed: Option<u32>,
    /// Whether the server is killed by itself once half of what can be sold is claimed.
    kill: Option<bool>,
}

impl Check for NewRehearsal {
    fn check(&self, errors: &mut Errors) {
        let plan = self.plan();
        errors.range(format_args!("/units"), plan.units, 1..=UNITS_MAX);
        errors.range(format_args!("/buyers"), plan.buyers, 1..=BUYERS_MAX);
        errors.range(format_args!("/seconds"), plan.seconds, 1..=SECONDS_MAX);
    }
}

impl NewRehearsal {
    /// With the defaults for what is missing.
    pub(crate) fn plan(&self) -> Plan {
        let plan = Plan::default();
        Plan {
            units: self.units.unwrap_or(plan.units),
            buyers: self.buyers.unwrap_or(plan.buyers),
            seconds: self.seconds.unwrap_or(plan.seconds),
            seed: self.seed.unwrap_or(plan.seed),
            kill: self.kill.unwrap_or(plan.kill),
        }
    }
}
