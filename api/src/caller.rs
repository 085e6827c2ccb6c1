//! Whoever asks: a program with a key, or a person with a session.

use onhand_rules::access::{ApiKey, ScopeName};
use onhand_rules::identity::{Role, Session, User};
use onhand_rules::{ApiKeyId, PrincipalId, UserId};

/// Who asks, and what they may do.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Whose operation ids these are; stands in movements and events.
    pub(crate) principal: PrincipalId,
    /// For people: the key's name, or the person's address.
    pub(crate) name: String,
    /// With what.
    pub(crate) by: By,
    scopes: Vec<ScopeName>,
}

/// With what somebody asks.
#[derive(Debug, Clone)]
pub(crate) enum By {
    /// An API key.
    Key(ApiKey),
    /// A browser that a person signed in with.
    Person {
        /// Who.
        user: Box<User>,
        /// Since when.
        session: Session,
        /// The key of the session's row.
        key: String,
    },
}

/// What one caller is told apart by, for rate limits.
pub(crate) type CallerId = u128;

impl Caller {
    /// A key's.
    pub(crate) fn key(key: ApiKey) -> Self {
        Self {
            principal: key.principal,
            name: key.name.clone(),
            scopes: key.scopes.clone(),
            by: By::Key(key),
        }
    }

    /// A person's.
    pub(crate) fn person(user: User, session: Session, key: String) -> Self {
        Self {
            principal: user.principal,
            name: user.email.clone(),
            scopes: user.role.scopes().to_vec(),
            by: By::Person { user: Box::new(user), session, key },
        }
    }

    /// Whether they may do what `needed` names.
    pub(crate) fn allows(&self, needed: ScopeName) -> bool {
        self.scopes.iter().any(|scope| scope.includes(needed))
    }

    /// What they may do.
    pub(crate) fn scopes(&self) -> &[ScopeName] {
        &self.scopes
    }

    /// What they are told apart by.
    pub(crate) fn id(&self) -> CallerId {
        match &self.by {
            By::Key(key) => key.id.0,
            By::Person { user, .. } => user.id.0,
        }
    }

    /// Whether it is this key.
    pub(crate) fn is_key(&self, id: ApiKeyId) -> bool {
        matches!(&self.by, By::Key(key) if key.id == id)
    }

    /// Whether it is this person.
    pub(crate) fn is_person(&self, id: UserId) -> bool {
        matches!(&self.by, By::Person { user, .. } if user.id == id)
    }

    /// What they may do to other people. A key is nobody's second self: with the scope `admin` it is an admin, never an
    /// owner, so that an admin cannot become an owner by making a key.
    pub(crate) fn role(&self) -> Role {
        match &self.by {
            By::Key(_) if self.allows(ScopeName::Admin) => Role::Admin,
            By::Key(_) => Role::Viewer,
            By::Person { user, .. } => user.role,
        }
    }
}
