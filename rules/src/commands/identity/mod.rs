//! People: links, passwords, sessions, second factors, roles.

mod factor;
mod links;
mod sessions;
mod users;

pub use factor::{ChangeFactor, FactorStep};
pub use links::{MakeLink, UseLink};
pub use sessions::{CloseSessions, OpenSession, ProveSession, TakeTry, TouchSession};
pub use users::{ChangePassword, CreateUser, FirstOwner, UpdateUser};

use std::collections::BTreeSet;

use crate::command::Context;
use crate::event::EventBody;
use crate::id::UserId;
use crate::identity::{OWNERS, Role, User, user_key};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::Setting;
use crate::working::{Needs, Scope};

fn needs_of_user(id: UserId, needs: &mut Needs) {
    needs.sync.settings.insert(user_key(id));
}

fn user(scope: &mut Scope<'_>, id: UserId) -> Result<User, Refusal> {
    match scope.setting(&user_key(id)) {
        Some(Setting::User(user)) => Ok((**user).clone()),
        _ => Err(Refusal::NotFound { what: "user".into(), id: id.to_string() }),
    }
}

/// Writes a person's row, keeps the list of owners, and tells.
fn put_user(scope: &mut Scope<'_>, context: &Context, mut user: User) -> Result<Receipt, Refusal> {
    user.version += 1;
    let owners = match scope.setting(OWNERS) {
        Some(Setting::Owners { users }) => users.clone(),
        _ => BTreeSet::new(),
    };
    let mut now = owners.clone();
    if user.role == Role::Owner && !user.disabled {
        now.insert(user.id);
    } else {
        now.remove(&user.id);
    }
    if now.is_empty() && !owners.is_empty() {
        return Err(Refusal::LastOwner);
    }
    if now != owners {
        scope.put_setting(OWNERS.to_owned(), Setting::Owners { users: now });
    }
    scope.push_event(context.event(EventBody::UserChanged {
        user: user.id,
        name: user.name.clone(),
        role: user.role.name().to_owned(),
        disabled: user.disabled,
    }));
    let (id, version) = (user.id, user.version);
    scope.put_setting(user_key(id), Setting::User(Box::new(user)));
    Ok(Receipt::User { id, version })
}
