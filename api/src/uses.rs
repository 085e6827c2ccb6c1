//! When keys and sessions were used. It is noted beside the requests: none waits for it, and none fails by it.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem::take;
use std::sync::{Mutex, PoisonError};

use onhand_engine::Request;
use onhand_rules::access::USE_NOTED_MS;
use onhand_rules::commands::NoteKeyUse;
use onhand_rules::commands::identity::TouchSession;
use onhand_rules::identity::SESSION_NOTED_MS;
use onhand_rules::{ApiKeyId, Command, Millis};
use tokio::sync::Notify;

use crate::api::Api;
use crate::caller::{By, Caller};

/// Callers remembered before they are forgotten, at which one use more is noted.
const REMEMBERED_MAX: usize = 10_000;

/// What was used and is still to be written.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    noted: Mutex<Noted>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Noted {
    keys: HashMap<ApiKeyId, Millis>,
    sessions: HashMap<String, Millis>,
    waiting: (Vec<ApiKeyId>, Vec<String>),
}

/// Whether this is the first use for so long; it is remembered if it is.
fn is_first<T: Eq + Hash + Clone>(
    noted: &mut HashMap<T, Millis>,
    what: &T,
    now: Millis,
    every: Millis,
) -> bool {
    if noted.get(what).is_some_and(|at| now < at + every) {
        return false;
    }
    if noted.len() >= REMEMBERED_MAX {
        noted.clear();
    }
    noted.insert(what.clone(), now);
    true
}

impl Uses {
    /// Somebody was let in. Called when a caller is looked up, which is once a second for each.
    pub(crate) fn note(&self, caller: &Caller, now: Millis) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = match &caller.by {
            By::Key(key) => {
                let first = is_first(&mut noted.keys, &key.id, now, USE_NOTED_MS);
                noted.waiting.0.extend(first.then_some(key.id));
                first
            }
            By::Person { session, key, .. } => {
                let first = now >= session.seen_at + SESSION_NOTED_MS
                    && is_first(&mut noted.sessions, key, now, SESSION_NOTED_MS);
                noted.waiting.1.extend(first.then(|| key.clone()));
                first
            }
        };
        drop(noted);
        if is_due {
            self.wake.notify_one();
        }
    }

    fn take(&self) -> (Vec<ApiKeyId>, Vec<String>) {
        take(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner).waiting)
    }
}

/// Writes what was used, for as long as the server runs. What cannot be written is forgotten: the next use is noted again.
pub(crate) async fn keep(api: Api) {
    let uses = api.0.callers.uses();
    loop {
        uses.wake.notified().await;
        let (keys, sessions) = uses.take();
        if !keys.is_empty() {
            write(&api, NoteKeyUse { keys }).await;
        }
        for key in sessions {
            write(&api, TouchSession { key }).await;
        }
    }
}

async fn write(api: &Api, command: impl Into<Command>) {
    if let Err(error) = api.0.engine.submit(Request::internal(command)).await {
        tracing::debug!(%error, "a use of a key or a session could not be noted");
    }
}
