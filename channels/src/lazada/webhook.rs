//! What Lazada sends us: one message for each line of an order.

use onhand_connector::{Call, Hint, RawWebhook, Refused, Verified};

use super::wire::Push;
use super::{sign, time};
use crate::digest::{is_one_of, key_of, key_of_body};
use crate::windows::timely;

pub(super) fn verify(call: &Call, raw: &RawWebhook) -> Result<Verified, Refused> {
    let app = &call.app;
    let keys = [app.webhook_secret.as_ref().or(Some(&app.secret)), app.webhook_secret_before.as_ref()];
    let expected: Vec<_> =
        keys.into_iter().flatten().map(|key| sign::webhook(key, &app.id, &raw.body)).collect();
    let given = raw.header("authorization").ok_or(Refused::Signature)?;
    if !is_one_of(given, &expected) {
        return Err(Refused::Signature);
    }
    let push = parse(&raw.body)?;
    // Milliseconds in orders, seconds in others.
    timely(time::millis(push.timestamp.0), call.now)?;
    let account = account(&push);
    Ok(Verified {
        body: raw.body.clone(),
        dedupe: dedupe(&push, &account, &raw.body),
        account,
        topic: push.message_type.0.to_string(),
    })
}

fn parse(body: &[u8]) -> Result<Push, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::Body(error.to_string()))
}

/// At the top, where one kind of message has the text "null" and the seller inside.
fn account(push: &Push) -> String {
    let named = [&push.seller_id, &push.data.seller_id];
    let named = named.into_iter().find(|id| !id.is_none() && id.0 != "null");
    named.map(|id| id.0.clone()).unwrap_or_default()
}

fn dedupe(push: &Push, account: &str, body: &[u8]) -> String {
    let data = &push.data;
    if data.trade_order_line_id.is_none() {
        return key_of_body(body);
    }
    let (kind, at) = (push.message_type.0.to_string(), data.status_update_time.0.to_string());
    let status = if data.order_status.0.is_empty() { &data.reverse_status } else { &data.order_status };
    key_of(&["lazada", account, &kind, &data.trade_order_line_id.0, &status.0, &at])
}

pub(super) fn hints(webhook: &Verified) -> Result<Vec<Hint>, Refused> {
    let push = parse(&webhook.body)?;
    let data = push.data;
    let order = Some(data.trade_order_id).filter(|id| !id.is_none()).map(|id| id.0);
    let item = Some(data.item_id).filter(|id| !id.is_none()).map(|id| id.0);
    let reverse = Some(data.reverse_order_id).filter(|id| !id.is_none()).map(|id| id.0);
    let hint = match push.message_type.0 {
        0 | 14 => order.map(|reference| Hint::Order { reference }),
        1 | 3 | 4 | 5 => item.map(|item| Hint::Listing { item }),
        6 => item.map(|item| Hint::Stock { item }),
        8 => {
            let at = Some(data.auth_expiry_time.0).filter(|at| *at > 0).map(time::millis);
            Some(Hint::GrantEnds { at, account: None })
        }
        // A buyer's wish to cancel comes this way, too: it is about the order, nothing comes back.
        10 if data.reverse_status.0.starts_with("CANCEL") => order.map(|reference| Hint::Order { reference }),
        10 => Some(Hint::Return { reference: order, id: reverse }),
        _ => None,
    };
    match (hint, push.message_type.0) {
        (Some(hint), _) => Ok(vec![hint]),
        (None, 0) => Err(Refused::Body("it names no order".into())),
        (None, _) => Ok(vec![Hint::Nothing]),
    }
}
