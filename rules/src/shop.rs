//! Shops: connected accounts on marketplaces.

use serde::{Deserialize, Serialize};

use crate::id::ShopId;
use crate::publish::PublishRule;
use crate::quantity::Millis;

/// Whether we may talk to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShopState {
    /// Its jobs run.
    Connected,
    /// Its jobs wait (they are not burnt) until the owner authorises it again.
    Disconnected,
    /// Its jobs wait because somebody wants it so.
    Paused,
}

/// What people set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShopSettings {
    /// Code of the location whose stock it sells.
    pub location: String,
    /// What is published, unless a listing has a rule of its own.
    pub rule: PublishRule,
    /// How long a pending order holds stock, in milliseconds.
    pub hold_ms: Millis,
    /// What becomes of stock that a seller set on the marketplace himself.
    pub edits: EditPolicy,
    /// How long without any sign of life before it counts as stale, in milliseconds.
    pub stale_after_ms: Millis,
    /// Whether new figures are pushed at all. Off: everything is computed and shown, nothing is sent.
    pub push: bool,
    /// Whether orders that we have not heard of are looked for before a figure is written.
    pub poll_first: PollFirst,
}

impl Default for ShopSettings {
    fn default() -> Self {
        Self {
            location: "main".to_owned(),
            rule: PublishRule::default(),
            hold_ms: 60 * 60_000,
            edits: EditPolicy::Adopt,
            stale_after_ms: 15 * 60_000,
            push: true,
            poll_first: PollFirst::Auto,
        }
    }
}

/// Whether new orders of a shop are looked for before a figure is written there: an absolute figure that does not know of
/// an order hands its units back to the next buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PollFirst {
    /// Never.
    Off,
    /// Where it may matter: the figure is small, or the listing sells fast. Only as far as the shop's limits leave room.
    Auto,
}

/// What becomes of an edit that was confirmed by five minutes of standing (`listing.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditPolicy {
    /// The difference goes into our stock.
    Adopt,
    /// It becomes the listing's cap; our stock stays.
    Cap,
    /// Our figure is pushed again.
    Reject,
}

/// Where we are in what the shop tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShopCursors {
    /// Orders that changed before this were seen. Marketplace clock, milliseconds.
    pub orders_until: Millis,
    /// Returns likewise.
    pub returns_until: Millis,
    /// The last listing that the drift sweep looked at.
    pub swept: i64,
    /// When the sweep last came round.
    pub swept_at: Millis,
    /// When listings were last imported completely.
    pub imported_at: Millis,
}

/// The circuit breaker (Q10) and the signs of life.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShopHealth {
    /// Server and network failures in a row.
    pub failures: u32,
    /// Open until then: jobs of the shop wait without using up attempts. The first claim afterwards is a probe.
    pub open_until: Option<Millis>,
    /// How long it was opened last, in milliseconds; doubles.
    pub opened_for: Millis,
    /// The last good answer. Ledger clock.
    pub answered_at: Option<Millis>,
    /// The last webhook. Ledger clock.
    pub webhook_at: Option<Millis>,
    /// Their clock minus ours, milliseconds, as last measured.
    pub clock_offset: Millis,
    /// When the access token was given: with its end, how long it lives. Ledger clock; 0 where that was not noted.
    pub granted_at: Millis,
}

/// Why a shop is disconnected. Its row keeps the English text, from which it is known again ([`Disconnection::of`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disconnection {
    /// Somebody wanted it so, here.
    ByPerson,
    /// Its marketplace does not take the grant any more.
    Refused {
        /// The marketplace's code, or ours where it has none.
        code: String,
        /// Its words. Text of strangers.
        said: String,
    },
}

/// What rows say of a shop that was disconnected by a person.
const BY_PERSON: &str = "disconnected by a person";

impl Disconnection {
    /// The stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ByPerson => "by_person",
            Self::Refused { .. } => "grant_refused",
        }
    }

    /// For people who read English; what is stored.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::ByPerson => BY_PERSON.to_owned(),
            Self::Refused { code, said } if code.is_empty() => said.clone(),
            Self::Refused { code, said } => format!("{code}: {said}"),
        }
    }

    /// Of what is stored. A code is a single word: what begins otherwise has none.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text == BY_PERSON {
            return Self::ByPerson;
        }
        let (code, said) = match text.split_once(": ") {
            Some((code, said)) if !code.is_empty() && !code.contains(char::is_whitespace) => (code, said),
            _ => ("", text),
        };
        Self::Refused { code: code.to_owned(), said: said.to_owned() }
    }
}

/// One connected account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// Which.
    pub id: ShopId,
    /// For people and URLs: `shopee-1001`. Unique; never changes.
    pub code: String,
    /// `shopee`, `tiktok`, `lazada`.
    pub channel: String,
    /// As the marketplace calls it.
    pub account: String,
    /// For people.
    pub name: String,
    /// Whether we may talk to it.
    pub state: ShopState,
    /// Why it is disconnected, if it is: the text of a [`Disconnection`].
    pub state_reason: Option<String>,
    /// It is disconnected, and paused when it is authorised again: somebody wanted it paused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays_paused: bool,
    /// What people set.
    pub settings: ShopSettings,
    /// The encrypted grant: nonce, key id and cipher text in base64.
    pub grant: String,
    /// Rises with each new grant: a refresh names the one it was made from, so one of two refreshers wins.
    pub grant_number: i64,
    /// When the access token ends.
    pub access_until: Millis,
    /// When the refresh token ends, if known.
    pub refresh_until: Option<Millis>,
    /// When the owner must consent again, if known.
    pub grant_until: Option<Millis>,
    /// Where we are in what it tells.
    pub cursors: ShopCursors,
    /// Breaker and signs of life.
    pub health: ShopHealth,
    /// Rises by one with each change.
    pub version: i64,
    /// Ledger clock.
    pub created_at: Millis,
    /// Ledger clock.
    pub updated_at: Millis,
}

#[cfg(test)]
mod tests {
    use super::Disconnection::{self, ByPerson, Refused};

    fn refused(code: &str, said: &str) -> Disconnection {
        Refused { code: code.into(), said: said.into() }
    }

    #[test]
    fn why_a_shop_is_disconnected_is_known_again_from_its_text() {
        for (stored, why, name) in [
            ("disconnected by a person", ByPerson, "by_person"),
            (
                "error_auth: Invalid access_token: ask again",
                refused("error_auth", "Invalid access_token: ask again"),
                "grant_refused",
            ),
            ("http_403: ", refused("http_403", ""), "grant_refused"),
            // Whatever an earlier build may have written, or a marketplace has no code for.
            ("401", refused("", "401"), "grant_refused"),
            ("They say: no", refused("", "They say: no"), "grant_refused"),
            (": no", refused("", ": no"), "grant_refused"),
            ("", refused("", ""), "grant_refused"),
        ] {
            assert_eq!(Disconnection::of(stored), why, "{stored:?}");
            assert_eq!((why.text().as_str(), why.name()), (stored, name));
        }
    }
}
