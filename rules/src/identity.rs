//! People: who they are, what they may do, and the sessions they opened. Secrets are known here by their hash only.
//!
//! These rows live among the settings (ADR 0012): there are few of them, each is found by its key, and none is ever
//! searched by anything else.

use serde::{Deserialize, Serialize};

use crate::access::ScopeName;
use crate::id::{PrincipalId, UserId};
use crate::order::names;
use crate::quantity::Millis;

/// The longest name of a person, in characters.
pub const NAME_MAX: usize = 100;
/// The longest e-mail address, in characters (RFC 5321 allows 254).
pub const EMAIL_MAX: usize = 254;
/// How long a session lasts without a request.
pub const SESSION_IDLE_MS: Millis = 12 * 3_600_000;
/// How long a session lasts at most.
pub const SESSION_MAX_MS: Millis = 7 * 24 * 3_600_000;
/// A session that was used is noted no more often than this.
pub const SESSION_NOTED_MS: Millis = 10 * 60_000;
/// For how long a password that was given is believed for what is hard to undo.
pub const PROOF_MS: Millis = 15 * 60_000;
/// How long a link to set a password is good.
pub const LINK_MS: Millis = 3_600_000;
/// Wrong passwords in a row that cost no waiting.
pub const FREE_TRIES: u32 = 5;
/// The longest wait after a wrong password.
pub const WAIT_MAX_MS: Millis = 60_000;

/// What a person is here for. What each may do is [`Role::scopes`], and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, also other owners.
    Owner,
    /// Everything but owners.
    Admin,
    /// Runs the business: stock, orders, listings, queues.
    Operator,
    /// Reads everything, the audit log too.
    Finance,
    /// Reads, and moves orders along: ship, deliver, take back.
    Fulfilment,
    /// Reads.
    Viewer,
}

names!(Role {
    Owner = "owner",
    Admin = "admin",
    Operator = "operator",
    Finance = "finance",
    Fulfilment = "fulfilment",
    Viewer = "viewer",
});

impl Role {
    /// What it allows. Whatever is not here is refused.
    #[must_use]
    pub fn scopes(self) -> &'static [ScopeName] {
        use ScopeName::{
            Admin, AuditRead, EventsRead, OrdersFulfil, OrdersRead, OrdersWrite, QueuesOperate, StockRead,
            StockWrite,
        };
        match self {
            Self::Owner | Self::Admin => &[Admin],
            Self::Operator => {
                &[StockRead, StockWrite, OrdersRead, OrdersWrite, OrdersFulfil, EventsRead, QueuesOperate]
            }
            Self::Finance => &[StockRead, OrdersRead, EventsRead, AuditRead],
            Self::Fulfilment => &[StockRead, OrdersRead, OrdersFulfil, EventsRead],
            Self::Viewer => &[StockRead, OrdersRead, EventsRead],
        }
    }
}

/// The second factor of a person: time-based codes (RFC 6238: SHA-1, 30 s, 6 digits).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// The shared secret, sealed by the engine's vault for this person's row.
    pub sealed: String,
    /// Whether the person has shown a code: it is asked for from then on.
    pub confirmed: bool,
    /// The step of the last code that was accepted; no code is good twice.
    pub last_step: i64,
    /// SHA-256 of each recovery code that was not used yet, in hexadecimal.
    pub recovery: Vec<String>,
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Shown in lists.
    pub id: UserId,
    /// Whose operation ids these are, and who stands in movements and events.
    pub principal: PrincipalId,
    /// In lower case; unique.
    pub email: String,
    /// What others call them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Argon2id in PHC form; `None` until they have set one.
    pub password: Option<String>,
    /// Their second factor.
    pub factor: Option<Factor>,
    /// Let in nowhere.
    pub disabled: bool,
    /// Sessions of an earlier era are not good any more. Counted up by whatever ends all sessions.
    pub era: i64,
    /// Ledger clock.
    pub created_at: Millis,
    /// When they last signed in.
    pub signed_in_at: Option<Millis>,
    /// Counts changes, for `If-Match`.
    pub version: i64,
}

/// One browser that a person signed in with. Its key is [`session_key`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub user: UserId,
    /// The person's era when it was opened.
    pub era: i64,
    /// Ledger clock.
    pub opened_at: Millis,
    /// When it was last used, to about ten minutes.
    pub seen_at: Millis,
    /// When the person last showed in it who they are: at the sign-in, or later again. 0 in sessions from before there was
    /// such a thing, which have to.
    #[serde(default)]
    pub proved_at: Millis,
    /// What the browser calls itself, shortened.
    pub agent: String,
}

impl Session {
    /// Whether it opens anything for this person at `now`.
    #[must_use]
    pub fn is_live(&self, user: &User, now: Millis) -> bool {
        !user.disabled
            && user.id == self.user
            && user.era == self.era
            && now < self.seen_at + SESSION_IDLE_MS
            && now < self.opened_at + SESSION_MAX_MS
    }

    /// Whether the person has shown lately enough who they are for what is hard to undo.
    #[must_use]
    pub fn is_proved(&self, now: Millis) -> bool {
        now < self.proved_at + PROOF_MS
    }
}

/// A link with which somebody sets a password once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Whose password; `None` makes the first owner.
    pub user: Option<UserId>,
    /// Whether it lets that person in as they are, instead of setting a password. Only the process itself makes such
    /// ones, for whoever stands at the machine.
    #[serde(default)]
    pub enter: bool,
    /// Not good from then on.
    pub until: Millis,
}

/// Wrong passwords for one address, whether a person has it or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// In a row.
    pub wrong: u32,
    /// The next attempt is looked at from then on.
    pub next_at: Millis,
}

impl Tries {
    /// After one more: the first five are free, then 1, 2, 4 … 60 seconds. Never a lock: an owner whose address is
    /// guessed at can still get in a minute later.
    #[must_use]
    pub fn after(before: Option<Self>, now: Millis) -> Self {
        let wrong = before.map_or(0, |tries| tries.wrong).saturating_add(1);
        let wait = match wrong.checked_sub(FREE_TRIES) {
            None => 0,
            Some(over) => (1_000_i64 << over.min(16)).min(WAIT_MAX_MS),
        };
        Self { wrong, next_at: now + wait }
    }
}

/// The key of a person's row.
#[must_use]
pub fn user_key(id: UserId) -> String {
    format!("user:{id}")
}

/// The key of the row that says whose an address is.
#[must_use]
pub fn email_key(email: &str) -> String {
    format!("email:{email}")
}

/// The key of a session: the person and the hash of its secret, so that one person's are found together.
#[must_use]
pub fn session_key(user: UserId, hash: &str) -> String {
    format!("session:{user}:{hash}")
}

/// The key of a link, by the hash of its secret.
#[must_use]
pub fn link_key(hash: &str) -> String {
    format!("link:{hash}")
}

/// The key of the wrong passwords of an address.
#[must_use]
pub fn tries_key(email: &str) -> String {
    format!("tries:{email}")
}

/// The key of the row that names all owners: the last one cannot be removed.
pub const OWNERS: &str = "owners";

/// Whether a text may be an address, in the form in which it is kept: trimmed, lower case. Whether it works, only a
/// letter to it can tell.
#[must_use]
pub fn email_of(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (name, host) = text.rsplit_once('@')?;
    let visible = |c: char| !c.is_whitespace() && !c.is_control();
    let good = !name.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && text.chars().all(visible)
        && text.chars().count() <= EMAIL_MAX;
    good.then_some(text)
}
