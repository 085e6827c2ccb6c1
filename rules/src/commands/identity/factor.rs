//! The second factor is begun, shown to work, used and removed.

use super::{needs_of_user, user};
use crate::command::Context;
use crate::event::EventBody;
use crate::id::UserId;
use crate::identity::{Factor, user_key};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::Setting;
use crate::working::{Needs, Scope, Working};

/// What happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactorStep {
    /// A secret was made; it is asked for once a code of it was shown. Replaces one that was never confirmed.
    Begin {
        /// Sealed for this person.
        sealed: String,
    },
    /// A code of this step was shown.
    Confirm {
        /// The code's step.
        step: i64,
        /// SHA-256 of each recovery code, in hexadecimal.
        recovery: Vec<String>,
    },
    /// A code of this step was used to sign in.
    Use {
        /// The code's step.
        step: i64,
    },
    /// A recovery code was used to sign in.
    Recover {
        /// Its SHA-256, in hexadecimal.
        hash: String,
    },
    /// It is asked for no more.
    Remove,
}

/// One step of a person's second factor. A code is good once: two sign-ins with the same one race here, and one loses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFactor {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub step: FactorStep,
}

impl ChangeFactor {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs_of_user(self.user, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut user = user(scope, self.user)?;
        let confirmed = user.factor.as_ref().is_some_and(|factor| factor.confirmed);
        match (&self.step, user.factor.as_mut()) {
            (FactorStep::Begin { .. }, _) if confirmed => return Err(Refusal::WrongCode),
            (FactorStep::Begin { sealed }, _) => {
                user.factor = Some(Factor {
                    sealed: sealed.clone(),
                    confirmed: false,
                    last_step: 0,
                    recovery: Vec::new(),
                });
            }
            (FactorStep::Confirm { step, recovery }, Some(factor)) if !factor.confirmed => {
                factor.confirmed = true;
                factor.last_step = *step;
                factor.recovery.clone_from(recovery);
            }
            (FactorStep::Use { step }, Some(factor)) if *step > factor.last_step => factor.last_step = *step,
            (FactorStep::Recover { hash }, Some(factor)) if factor.recovery.contains(hash) => {
                factor.recovery.retain(|one| one != hash);
            }
            (FactorStep::Remove, _) => user.factor = None,
            _ => return Err(Refusal::WrongCode),
        }
        if !matches!(self.step, FactorStep::Use { .. }) {
            scope.push_event(context.event(EventBody::UserChanged {
                user: user.id,
                name: user.name.clone(),
                role: user.role.name().to_owned(),
                disabled: user.disabled,
            }));
        }
        let (id, version) = (user.id, user.version);
        scope.put_setting(user_key(id), Setting::User(Box::new(user)));
        Ok(Receipt::User { id, version })
    }
}
