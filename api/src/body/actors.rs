//! Who acts, by name.

use onhand_rules::PrincipalId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::movements::actor;

/// Somebody or something that acts. Of a person no more than the name: no address, no role.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
pub(crate) struct ActorBody {
    /// Always `actor`.
    #[schema(example = "actor")]
    object: &'static str,
    /// As `actor` of movements and events has it.
    #[schema(example = "prn_2")]
    id: String,
    /// `person`, `api_key`, or `system`: Onhand by itself.
    kind: &'static str,
    /// What people call it.
    name: String,
}

impl ActorBody {
    pub(crate) fn of(id: PrincipalId, kind: &'static str, name: String) -> Self {
        Self { object: "actor", id: actor(id), kind, name }
    }
}

/// Nothing to choose: there are few.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActorQuery {}
