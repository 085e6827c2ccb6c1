//! Proofs of who somebody is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::people::secret;
use super::{Check, Errors};
use crate::time::Time;

/// Somebody who is signed in shows again who they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    /// Their password; needed unless they never set one.
    pub(crate) password: Option<String>,
    /// Six digits of their authenticator, or a recovery code, if they have a second factor.
    pub(crate) code: Option<String>,
}

impl Check for Proof {
    fn check(&self, errors: &mut Errors) {
        for (field, text) in [("password", &self.password), ("code", &self.code)] {
            if let Some(text) = text {
                secret(errors, field, text);
            }
        }
    }
}

/// They have shown it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Proved {
    /// Always `proof`.
    #[schema(example = "proof")]
    pub(crate) object: &'static str,
    /// Until when it is believed in this session.
    pub(crate) until: Time,
}
