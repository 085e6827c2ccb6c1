//! The laws.

use std::time::Duration;

use serde_json::json;

use super::recordings::{Recordings, Reply};
use crate::channel::{Call, Channel, Consent};
use crate::failure::{Class, Failure};
use crate::order::{OrderWindow, Shipment};
use crate::stock::PushItem;
use crate::webhook::{RawWebhook, Refused};

/// A connector to be checked, with an example of each request.
pub struct Subject<'a> {
    /// It.
    pub channel: &'a dyn Channel,
    /// Towards `server`, with a grant.
    pub call: Call,
    /// Answers for the marketplace.
    pub server: &'a Recordings,
    /// What came back from the consent page.
    pub consent: Consent,
    /// A write of at least two items.
    pub items: Vec<PushItem>,
    /// Orders to fetch.
    pub references: Vec<String>,
    /// Goods that leave.
    pub shipment: Shipment,
}

/// Runs every request through every kind of answer that must not be believed.
pub async fn check(subject: &Subject<'_>) {
    facts(subject);
    consent_page(subject);
    for (reply, classes, what) in bad_answers() {
        subject.server.anything(Some(reply));
        for (name, failure) in every_request(subject).await {
            let failure = failure.unwrap_or_else(|| panic!("{name} believed {what}"));
            assert!(classes.contains(&failure.class), "{name}, {what}: {failure:?}");
            no_secret(subject, &format!("{failure} {failure:?}"));
        }
    }
    waits_as_long_as_told(subject).await;
    subject.server.anything(None);
    no_secret(subject, &format!("{:?} {:?}", subject.call, subject.consent));
}

fn bad_answers() -> Vec<(Reply, Vec<Class>, &'static str)> {
    let unclear = vec![Class::Unclear];
    // An error inside a success that nobody has ever seen: some say what its class is by the status or a type.
    let refused = vec![Class::Unclear, Class::Invalid, Class::Auth];
    let unknown = json!({
        "error": "never_seen", "code": "never_seen", "message": "no", "msg": "no", "request_id": "r",
    });
    vec![
        (Reply::html(200), unclear.clone(), "200 with HTML"),
        (Reply::html(403), unclear.clone(), "403 with HTML"),
        (Reply::html(502), vec![Class::Server], "502 with HTML"),
        (Reply::html(429), vec![Class::RateLimited], "429 with HTML"),
        (Reply::json(200, &json!({})), unclear.clone(), "200 with an empty object"),
        (Reply::json(200, &json!([])), unclear.clone(), "200 with a list"),
        (Reply::json(200, &json!(null)), unclear.clone(), "200 with null"),
        (Reply::json(200, &unknown), refused, "200 with an unknown error"),
        (Reply { status: 200, headers: Vec::new(), body: Vec::new() }, unclear.clone(), "200 with nothing"),
        (
            Reply { status: 200, headers: Vec::new(), body: br#"{"error":"","code":0,"da"#.to_vec() },
            unclear,
            "half of an answer",
        ),
    ]
}

type Outcome = (&'static str, Option<Failure>);

/// Each request once, with how it failed.
async fn every_request(subject: &Subject<'_>) -> Vec<Outcome> {
    let (channel, call) = (subject.channel, &subject.call);
    let window = OrderWindow { since: call.now - 3_600_000, until: call.now };
    let mut outcomes = vec![
        ("exchange", channel.exchange(call, &subject.consent).await.err()),
        ("refresh", channel.refresh(call).await.err()),
        ("probe", channel.probe(call).await.err()),
        ("listings", channel.listings(call, None).await.err()),
        ("item", channel.item(call, &subject.items[0].key.item).await.err()),
        ("read_stock", channel.read_stock(call, &subject.items).await.err()),
        ("orders_changed", channel.orders_changed(call, window, None).await.err()),
        ("orders", channel.orders(call, &subject.references).await.err()),
        ("returns", channel.returns(call, window).await.err()),
        ("ship", channel.ship(call, &subject.shipment).await.err()),
        ("answer_cancel", channel.answer_cancel(call, &subject.references[0], true).await.err()),
    ];
    if channel.facts().lost_webhooks {
        outcomes.push(("lost_webhooks", channel.lost_webhooks(call).await.err()));
        outcomes.push(("confirm_lost", channel.confirm_lost(call, "7").await.err()));
    }
    match channel.push(call, &subject.items).await {
        Err(failure) => outcomes.push(("push", Some(failure))),
        Ok(results) => {
            assert_eq!(results.len(), subject.items.len(), "one outcome for each item");
            outcomes.extend(results.into_iter().map(|result| ("push of an item", result.err())));
        }
    }
    outcomes
}

async fn waits_as_long_as_told(subject: &Subject<'_>) {
    subject.server.anything(Some(Reply::html(429).with("retry-after", "17")));
    for (name, failure) in every_request(subject).await {
        let wait = failure.and_then(|failure| failure.retry_after);
        assert_eq!(wait, Some(Duration::from_secs(17)), "{name}");
    }
}

fn facts(subject: &Subject<'_>) {
    let facts = subject.channel.facts();
    assert!(!facts.name.is_empty() && facts.name.bytes().all(|byte| byte.is_ascii_lowercase()));
    assert!(facts.push_items_max > 0 && facts.read_items_max > 0 && facts.orders_max > 0);
    assert!(facts.quantity_max > 0 && facts.refresh_at > 0.0 && facts.refresh_at < 1.0);
    assert!(facts.webhook_answer_ms >= 500);
    for endpoint in crate::Endpoint::ALL {
        let limit = facts.limits.iter().find(|(name, ..)| *name == endpoint);
        let (_, rate, burst) = limit.unwrap_or_else(|| panic!("no limit for {}", endpoint.name()));
        assert!(*rate > 0.0 && *burst >= 1.0);
    }
}

fn consent_page(subject: &Subject<'_>) {
    let url = subject.channel.consent_url(&subject.call, "st4te&x", "https://shop.example/back?a=1");
    assert!(url.contains("st4te%26x") || url.contains("st4te%2526x"), "{url}");
    assert!(!url.contains(subject.call.app.secret.expose()), "{url}");
}

fn no_secret(subject: &Subject<'_>, text: &str) {
    let mut secrets = vec![&subject.call.app.secret, &subject.consent.code];
    if let Some(grant) = &subject.call.grant {
        secrets.extend([&grant.access_token, &grant.refresh_token]);
    }
    for secret in secrets {
        assert!(!text.contains(secret.expose()), "a secret shows: {text}");
    }
}

/// Forges a genuine webhook in every way that must be seen (fault G3). `call` accepts it as it is.
pub fn check_webhooks(channel: &dyn Channel, call: &Call, genuine: &RawWebhook) {
    let verified = channel.verify(call, genuine).expect("it is genuine");
    assert!(!verified.dedupe.is_empty());
    channel.hints(&verified).expect("it is understood");
    let again = channel.verify(call, genuine).unwrap();
    assert_eq!(verified.dedupe, again.dedupe, "the same delivery has the same key");

    let refuses = |raw: &RawWebhook, what: &str| {
        assert_eq!(channel.verify(call, raw), Err(Refused::Signature), "{what} was believed");
    };
    for at in 0..genuine.body.len() {
        let mut tampered = genuine.clone();
        tampered.body[at] ^= 1;
        refuses(&tampered, &format!("a body with another byte {at}"));
    }
    let mut longer = genuine.clone();
    longer.body.push(b' ');
    refuses(&longer, "a longer body");
    let mut shorter = genuine.clone();
    shorter.body.pop();
    refuses(&shorter, "a shorter body");

    let signature = genuine.header("authorization").expect("a signature").to_owned();
    let mut unsigned = genuine.clone();
    unsigned.headers.retain(|(name, _)| name != "authorization");
    refuses(&unsigned, "no signature");
    let half = &signature[..signature.len() / 2];
    for forged in ["", "0", half, &format!("{signature}00"), &"0".repeat(signature.len()), "Bearer x"] {
        let mut wrong = unsigned.clone();
        wrong.headers.push(("authorization".to_owned(), forged.to_owned()));
        refuses(&wrong, &format!("the signature {forged:?}"));
    }

    const DAY: i64 = 86_400_000;
    for (now, what) in [(call.now + 10 * DAY, "an old"), (call.now - DAY, "a future")] {
        let other = Call { now, ..call.clone() };
        assert_eq!(channel.verify(&other, genuine), Err(Refused::Time), "{what} webhook was believed");
    }
}
