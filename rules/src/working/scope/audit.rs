//! One command's changes as an entry of the audit log.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Scope, Undo as Step, sync::Undo};
use crate::access::ApiKey;
use crate::audit::{AuditChange, AuditNote, HEAD, chain};
use crate::command::Context;
use crate::event::EventBody;
use crate::setting::Setting;
use crate::sku::{Location, Sku};
use crate::stock::Stock;

impl Scope<'_> {
    /// Appends an entry to the audit log: every row that this command has changed so far, before and after. Called once,
    /// after the decision. Needs the setting [`HEAD`].
    pub fn record_audit(&mut self, context: &Context, note: &AuditNote) {
        let changes = self.audit_changes();
        let (count, before) = match self.setting(HEAD) {
            Some(Setting::AuditHead { count, chain }) => (*count, chain.clone()),
            _ => (0, String::new()),
        };
        let number = count + 1;
        let chain = chain(&before, number, note, &changes);
        self.put_setting(HEAD.to_owned(), Setting::AuditHead { count: number, chain: chain.clone() });
        self.push_event(context.event(EventBody::AuditRecorded {
            number,
            by: note.by.clone(),
            action: note.action.clone(),
            object: note.object.clone(),
            reason: note.reason.clone(),
            changes,
            chain,
        }));
    }

    /// The first old value of each row stands first in the list of what would be undone.
    fn audit_changes(&self) -> Vec<AuditChange> {
        let mut seen = BTreeSet::new();
        let mut changes = Vec::new();
        for step in &self.undo {
            let Some((row, before, after)) = self.audit_row(step) else { continue };
            if seen.insert(row.clone()) {
                changes.extend(AuditChange::of(row, before, after));
            }
        }
        changes
    }

    /// The row that a step changed: its name, what it was before that step, and what it is now.
    fn audit_row(&self, step: &Step) -> Option<(String, Option<Value>, Option<Value>)> {
        let working = &*self.working;
        let rows = &working.sync;
        match step {
            Step::Sku(key, old) => {
                let now = working.skus.get(key)?.now.as_ref();
                let code = &now.or(old.as_ref()?.as_ref())?.code;
                Some((format!("sku:{code}"), old.as_ref().and_then(Option::as_ref).map(sku), now.map(sku)))
            }
            Step::Location(key, old) => {
                let now = working.locations.get(key)?.now.as_ref();
                let code = &now.or(old.as_ref()?.as_ref())?.code;
                let before = old.as_ref().and_then(Option::as_ref).map(location);
                Some((format!("location:{code}"), before, now.map(location)))
            }
            Step::Stock(key, old) => {
                let now = working.stock.get(key)?.now.as_ref();
                let code =
                    |id| working.skus.get(id).and_then(|row| row.now.as_ref()).map(|sku| sku.code.clone());
                let name = code(&key.sku).unwrap_or_else(|| key.sku.0.to_string());
                let before = old.as_ref().and_then(Option::as_ref).map(stock);
                Some((format!("stock:{name}@{}", key.location.0), before, now.map(stock)))
            }
            Step::ApiKey(key, old) => {
                let now = working.api_keys.get(key)?.now.as_ref();
                Some((key.to_string(), old.as_ref().and_then(Option::as_ref).map(api_key), now.map(api_key)))
            }
            Step::Sync(Undo::Setting(key, old)) if told(key) => {
                let now = rows.settings.get(key)?.now.as_ref();
                Some((key.clone(), old.as_ref().and_then(Option::as_ref).map(plain), now.map(plain)))
            }
            Step::Sync(Undo::Shop(key, old)) => {
                let now = rows.shops.get(key)?.now.as_ref();
                let code = &now?.code;
                let before = old.as_ref().and_then(Option::as_ref).map(|row| plain(&**row));
                Some((format!("shop:{code}"), before, now.map(plain)))
            }
            Step::Sync(Undo::Listing(key, old)) => {
                let now = rows.listings.get(key)?.now.as_ref();
                let before = old.as_ref().and_then(Option::as_ref).map(|row| plain(&**row));
                Some((format!("listing:{}", key.0), before, now.map(plain)))
            }
            Step::Sync(Undo::Job(key, old)) => {
                let now = rows.jobs.get(key)?.now.as_ref();
                let before = old.as_ref().and_then(Option::as_ref).map(|row| plain(&**row));
                Some((key.to_string(), before, now.map(plain)))
            }
            Step::Sync(Undo::Dead(key, old)) => {
                let now = rows.dead.get(key)?.now.as_ref();
                let before = old.as_ref().and_then(Option::as_ref).map(|row| plain(&**row));
                Some((format!("dead {key}"), before, now.map(plain)))
            }
            _ => None,
        }
    }
}

/// Rows of settings that people change; the rest is machinery, or says what a person's row says too.
fn told(key: &str) -> bool {
    ["lane:", "pause:", "schedule:", "user:", "link:"].iter().any(|prefix| key.starts_with(prefix))
}

fn plain<T: Serialize>(row: &T) -> Value {
    serde_json::to_value(row).unwrap_or(Value::Null)
}

fn sku(row: &Sku) -> Value {
    json!({
        "name": row.name,
        "components": plain(&row.components),
        "backorder_limit": row.backorder_limit,
        "archived": row.archived,
    })
}

fn location(row: &Location) -> Value {
    json!({ "name": row.name, "archived": row.archived })
}

fn stock(row: &Stock) -> Value {
    let figures = row.figures;
    json!({
        "on_hand": figures.on_hand,
        "reserved": figures.reserved,
        "allocated": figures.allocated,
        "unavailable": figures.unavailable,
    })
}

fn api_key(row: &ApiKey) -> Value {
    json!({
        "name": row.name,
        "scopes": plain(&row.scopes),
        "expires_at": row.expires_at,
        "revoked": row.revoked_at.is_some(),
    })
}
