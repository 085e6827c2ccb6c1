//! A lane or a pause is set.

use crate::command::Context;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::Setting;
use crate::working::{Needs, Scope, Working};

/// Sets or removes a row of settings that people may set: lanes and pauses of kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct PutSetting {
    /// Its key.
    pub key: String,
    /// `None` removes it.
    pub value: Option<Setting>,
}

impl PutSetting {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
