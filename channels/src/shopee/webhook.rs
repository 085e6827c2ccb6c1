//! What Shopee sends us, and what it could not deliver.

use onhand_connector::{Call, Failure, Hint, RawWebhook, Refused, Secret, Verified};
use serde_json::json;

use super::session::Session;
use super::sign;
use super::wire::{LostPushes, Push, Wrapped};
use crate::digest::{is_one_of, key_of, key_of_body};
use crate::windows::timely;

const LOST: &str = "/api/v2/push/get_lost_push_message";
const CONFIRM_LOST: &str = "/api/v2/push/confirm_consumed_lost_push_message";

/// The code of the webhook that says that grants end.
const GRANTS_END: i64 = 12;
const WEEK_MS: i64 = 7 * 86_400_000;

/// The push key and the one before, or the partner key where the console shows no push key.
pub(super) fn verify(call: &Call, raw: &RawWebhook) -> Result<Verified, Refused> {
    let app = &call.app;
    let keys = [app.webhook_secret.as_ref().or(Some(&app.secret)), app.webhook_secret_before.as_ref()];
    let expected: Vec<_> =
        keys.into_iter().flatten().map(|key| sign::webhook(key, &raw.url, &raw.body)).collect();
    let given = raw.header("authorization").ok_or(Refused::Signature)?;
    if !is_one_of(given, &expected) {
        return Err(Refused::Signature);
    }
    let push = parse(&raw.body)?;
    timely(push.timestamp.0 * 1000, call.now)?;
    Ok(believed(raw.body.clone(), &push))
}

fn parse(body: &[u8]) -> Result<Push, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::Body(error.to_string()))
}

fn believed(body: Vec<u8>, push: &Push) -> Verified {
    // At the top for orders and items, inside for the shop's own affairs, nowhere for 12.
    let shop = if push.shop_id.is_none() { &push.data.shop_id } else { &push.shop_id };
    let shop = match push.data.shop_expire_soon.0.as_slice() {
        [only] if shop.is_none() => only,
        _ => shop,
    };
    let account = if shop.is_none() { String::new() } else { shop.0.clone() };
    let code = push.code.0.to_string();
    let data = &push.data;
    let dedupe = if data.order().is_empty() || data.status.0.is_empty() {
        key_of_body(&body)
    } else {
        let time = data.update_time.0.to_string();
        key_of(&["shopee", &account, &code, data.order(), &data.status.0, &time])
    };
    Verified { body, dedupe, account, topic: code }
}

pub(super) fn hints(webhook: &Verified) -> Result<Vec<Hint>, Refused> {
    let push = parse(&webhook.body)?;
    let data = &push.data;
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    if push.code.0 == GRANTS_END {
        return Ok(ends(&push));
    }
    let hint = match push.code.0 {
        2 => Some(Hint::Deauthorised),
        3 | 4 | 30 | 47 => text(data.order()).map(|reference| Hint::Order { reference }),
        6 | 16 => text(&data.item_id.0).map(|item| Hint::Listing { item }),
        8 => text(&data.item_id.0).map(|item| Hint::Stock { item }),
        29 => Some(Hint::Return { reference: text(data.order()), id: text(&data.return_sn.0) }),
        _ => None,
    };
    match (hint, push.code.0) {
        (Some(hint), _) => Ok(vec![hint]),
        // An order or item push that names none is not what they document.
        (None, 3 | 8) => Err(Refused::Body("it names nothing".into())),
        (None, _) => Ok(vec![Hint::Nothing]),
    }
}

/// It is sent a week before, and names a page of the shops that it is about.
fn ends(push: &Push) -> Vec<Hint> {
    let told = Some(push.data.expire_before.0).filter(|at| *at > 0).map(|at| at * 1000);
    let sent = Some(push.timestamp.0).filter(|at| *at > 0).map(|at| at * 1000);
    let at = told.or(sent.map(|at| at + WEEK_MS));
    match push.data.shop_expire_soon.0.as_slice() {
        [] | [_] => vec![Hint::GrantEnds { at, account: None }],
        many => many.iter().map(|shop| Hint::GrantEnds { at, account: Some(shop.0.clone()) }).collect(),
    }
}

/// The earliest hundred of the last three days. They came over a signed request, so they are believed as they are.
pub(super) async fn lost(session: &Session<'_>) -> Result<(Vec<Verified>, Option<String>), Failure> {
    let lost: Wrapped<LostPushes> = session.public_get(LOST, Vec::new()).await?.parse()?;
    let lost = lost.response;
    let mut found = Vec::new();
    for one in lost.push_message_list.0 {
        let body = one.data.into_bytes();
        // One that cannot be read must not hold back the others; polling finds what it was about.
        if let Ok(push) = parse(&body) {
            found.push(believed(body, &push));
        }
    }
    let last = Some(lost.last_message_id).filter(|last| !last.is_none()).map(|last| last.0);
    Ok((found, last))
}

pub(super) async fn confirm_lost(session: &Session<'_>, last: &str) -> Result<(), Failure> {
    let body = json!({ "last_message_id": super::auth::number(last)? });
    let answer = session.public_post(CONFIRM_LOST, &body, &Secret::default()).await?;
    session.judged(answer).map(drop)
}
