//! What TikTok sends us.

use onhand_connector::{Call, Hint, RawWebhook, Refused, Verified};

use super::sign;
use super::wire::Push;
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
    timely(push.timestamp.0 * 1000, call.now)?;
    Ok(Verified {
        body: raw.body.clone(),
        dedupe: dedupe(&push, &raw.body),
        account: if push.shop_id.is_none() { String::new() } else { push.shop_id.0 },
        topic: push.kind.0.to_string(),
    })
}

fn parse(body: &[u8]) -> Result<Push, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::Body(error.to_string()))
}

/// Their id of the notification; old samples have none.
fn dedupe(push: &Push, body: &[u8]) -> String {
    if !push.tts_notification_id.is_none() {
        return key_of(&["tiktok", &push.tts_notification_id.0]);
    }
    let data = &push.data;
    let statuses = [&data.order_status, &data.cancel_status, &data.return_status];
    let statuses = statuses.map(|status| status.as_str()).join("/");
    if data.order_id.is_none() || statuses == "//" {
        return key_of_body(body);
    }
    let (kind, time) = (push.kind.0.to_string(), data.update_time.0.to_string());
    key_of(&["tiktok", &push.shop_id.0, &kind, &data.order_id.0, &statuses, &time])
}

pub(super) fn hints(webhook: &Verified) -> Result<Vec<Hint>, Refused> {
    let push = parse(&webhook.body)?;
    let data = push.data;
    let order = Some(data.order_id).filter(|id| !id.is_none()).map(|id| id.0);
    let product = Some(data.product_id).filter(|id| !id.is_none()).map(|id| id.0);
    let hints: Vec<Hint> = match push.kind.0 {
        1 | 2 | 4 | 11 => {
            let packed = data.package_list.0.into_iter().flat_map(|package| package.order_id_list.0);
            let listed = data.order_ids.0.into_iter().chain(data.order_id_list.0);
            let others = listed.chain(packed).map(|id| id.0);
            order.into_iter().chain(others).map(|reference| Hint::Order { reference }).collect()
        }
        5 | 15 | 16 => product.map(|item| Hint::Listing { item }).into_iter().collect(),
        6 => vec![Hint::Deauthorised],
        7 => {
            let at = Some(data.expiration_time.0).filter(|at| *at > 0).map(|at| at * 1000);
            vec![Hint::GrantEnds { at, account: None }]
        }
        12 => {
            let id = Some(data.return_id).filter(|id| !id.is_none()).map(|id| id.0);
            vec![Hint::Return { reference: order, id }]
        }
        27 => product.map(|item| Hint::Stock { item }).into_iter().collect(),
        _ => vec![Hint::Nothing],
    };
    match (hints.is_empty(), push.kind.0) {
        (true, 1 | 11) => Err(Refused::Body("it names no order".into())),
        (true, _) => Ok(vec![Hint::Nothing]),
        (false, _) => Ok(hints),
    }
}
