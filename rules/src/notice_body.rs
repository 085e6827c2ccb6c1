//! What a notice says: what happened, as one of a fixed list of forms with its figures and names. Whoever shows it needs
//! to read no sentence; the English one is made here, once for each form.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::notice::NoticeKind;
use crate::quantity::Quantity;

/// What happened. `docs/notices.md` lists the forms and their facts; stored and told as JSON, tagged by `form`.
///
/// `said` are the words of somebody else: of a marketplace, or of the part of Onhand that refused. `name` is the shop's
/// name at that time, `title` that of a listing, `order` the marketplace's number of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the members of a form are those of its sentence below, and of the documents")]
pub enum NoticeBody {
    /// A person has disconnected a shop here.
    ShopLeft { name: String },
    /// A grant is not accepted any more.
    ShopDisconnected { name: String, said: String },
    /// A grant ends in so many whole days.
    GrantEnds { name: String, days: i64 },
    /// Nothing was heard from a shop for so many minutes.
    ShopStale { name: String, minutes: i64 },
    /// Orders come without webhooks.
    WebhooksSilent { name: String },
    /// A shop has failed to answer so many times in a row.
    ShopFailing { name: String, failures: u32 },
    /// Requests to an endpoint were turned down for so many minutes without a break.
    ShopThrottled { endpoint: String, minutes: i64 },
    /// Jobs of a kind were given up for one cause.
    RetriesExhausted { job: String, code: String, said: String },
    /// More is promised than there is; `available` is negative.
    Shortfall { sku: String, location: String, available: Quantity },
    /// A shop shows another figure than it was told.
    Drift { title: String, seen: Quantity, expected: Quantity, cause: DriftCause },
    /// An edit by so many units is not believed without a person.
    EditLarge { title: String, seen: Quantity, expected: Quantity, change: Quantity },
    /// Two listings of one SKU were set to one figure within ten minutes: it may be one wish.
    EditTwins { title: String, seen: Quantity, expected: Quantity },
    /// An edit would take more units than are free.
    EditFree { title: String, seen: Quantity, expected: Quantity, units: Quantity, free: Quantity },
    /// An edit could not be taken over for another reason.
    EditEscalated {
        title: String,
        seen: Quantity,
        expected: Quantity,
        said: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// A marketplace has refused a figure.
    ListingRefused { title: String, code: String, said: String },
    /// A listing has left its shop.
    ListingGone { title: String },
    /// A promotion has put more units aside than there are.
    ListingPromotion { title: String, aside: Quantity, left: Quantity },
    /// Orders name a listing that is not mapped. `seller_sku` may be empty.
    Unmapped { listing: i64, title: String, seller_sku: String },
    /// An order could not be applied wholly.
    OrderTrouble {
        order: String,
        said: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// Available fell to its threshold.
    LowStock { sku: String, location: String, available: Quantity, threshold: Quantity },
    /// A status that is not known; `said` is its word.
    UnknownStatus { order: String, said: String },
    /// A return was opened at the marketplace; `said` is its state there.
    ReturnOpened { id: String, order: String, units: Quantity, said: String },
    /// An order says that goods of it come back.
    ReturnComing { order: String },
    /// A cancelled order has goods on the way.
    ReturnCancelled { order: String },
    /// Two clocks differ by so many seconds; negative: theirs is behind.
    ClockSkew { name: String, seconds: i64 },
    /// A buyer wants to cancel.
    CancelRequested { order: String },
}

/// Why a shop shows another figure than it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftCause {
    /// The figure before the last one still stands: the marketplace acknowledged a write that it did not do. The figure
    /// is told again at once.
    LostPush,
    /// A write that was given up without an answer has arrived after all, over a newer one. The figure is told again at once.
    LateWrite,
    /// Units that were sold there are not off the figure, although the orders are known: our write went over the sale.
    /// The figure is told again at once.
    UnseenOrder,
    /// A campaign or promotion has put units aside, or given them back. Nothing is written: the marketplace would refuse.
    Campaign,
    /// Nothing of this: the seller has set it, if it stands (`commands/channels/edits.rs`).
    SellerEdit,
}

impl DriftCause {
    /// The stable name, as a step of the event `listing.edit`.
    pub(crate) fn step(self) -> &'static str {
        match self {
            Self::LostPush => "lost_push",
            Self::LateWrite => "late_write",
            Self::UnseenOrder => "unseen_order",
            Self::Campaign => "campaign",
            Self::SellerEdit => "suspected",
        }
    }
}

impl NoticeBody {
    /// The kind of the notice that says it.
    #[must_use]
    pub fn kind(&self) -> NoticeKind {
        match self {
            Self::ShopLeft { .. } | Self::ShopDisconnected { .. } => NoticeKind::ShopDisconnected,
            Self::GrantEnds { .. } => NoticeKind::GrantEnds,
            Self::ShopStale { .. } => NoticeKind::ShopStale,
            Self::WebhooksSilent { .. } => NoticeKind::WebhooksSilent,
            Self::ShopFailing { .. } => NoticeKind::ShopFailing,
            Self::ShopThrottled { .. } => NoticeKind::ShopThrottled,
            Self::RetriesExhausted { .. } => NoticeKind::RetriesExhausted,
            Self::Shortfall { .. } => NoticeKind::Shortfall,
            Self::Drift { .. } => NoticeKind::Drift,
            Self::EditLarge { .. }
            | Self::EditTwins { .. }
            | Self::EditFree { .. }
            | Self::EditEscalated { .. } => NoticeKind::EditEscalated,
            Self::ListingRefused { .. } | Self::ListingGone { .. } | Self::ListingPromotion { .. } => {
                NoticeKind::ListingTrouble
            }
            Self::Unmapped { .. } => NoticeKind::Unmapped,
            Self::OrderTrouble { .. } => NoticeKind::OrderTrouble,
            Self::LowStock { .. } => NoticeKind::LowStock,
            Self::UnknownStatus { .. } => NoticeKind::UnknownStatus,
            Self::ReturnOpened { .. } | Self::ReturnComing { .. } | Self::ReturnCancelled { .. } => {
                NoticeKind::ReturnReceived
            }
            Self::ClockSkew { .. } => NoticeKind::ClockSkew,
            Self::CancelRequested { .. } => NoticeKind::CancelRequested,
        }
    }

    /// For people who read English: what happened, and what to do.
    #[must_use]
    pub fn text(&self) -> String {
        let Ok(Value::Object(facts)) = serde_json::to_value(self) else { return String::new() };
        let form = facts.get("form").and_then(Value::as_str).unwrap_or_default();
        let found = SENTENCES.iter().find(|(name, _)| *name == form);
        filled(found.map_or(form, |(_, sentence)| sentence), &facts)
    }
}

/// The sentence of each form; `{name}` stands for its fact of that name.
const SENTENCES: &[(&str, &str)] = &[
    (
        "shop_left",
        "{name} was disconnected here by a person. Its jobs wait; authorise it again and they go on.",
    ),
    (
        "shop_disconnected",
        "{name} is disconnected ({said}). Its jobs wait; authorise it again and they go on.",
    ),
    ("grant_ends", "The authorisation of {name} ends in {days} days. Its owner must consent again."),
    (
        "shop_stale",
        "Nothing was heard from {name} for {minutes} minutes. Look whether the marketplace is reachable.",
    ),
    (
        "webhooks_silent",
        "Orders of {name} come by polling only; its webhooks have stopped. Look at the webhook settings of the marketplace's \
         app.",
    ),
    (
        "shop_failing",
        "{name} does not answer ({failures} failures in a row). Its jobs wait; it is tried again by itself.",
    ),
    ("shop_throttled", "The marketplace has turned down requests ({endpoint}) for {minutes} minutes."),
    ("clock_skew", "The clock of {name} and ours differ by {seconds} seconds."),
    (
        "retries_exhausted",
        "Jobs of kind {job} are given up: {said} ({code}). Mend the cause, then replay them.",
    ),
    (
        "shortfall",
        "More of {sku}@{location} is promised than there is: {available} available. Restock it, or cancel orders.",
    ),
    (
        "low_stock",
        "{sku}@{location} runs low: {available} available, and {threshold} is the threshold. Restock it, or keep more back.",
    ),
    ("drift", "The shop shows {seen} for {title} instead of {expected}: {cause}."),
    (
        "edit_large",
        "The shop shows {seen} for {title} instead of {expected}: the figure changed by {change}. Adopt it, cap the listing at \
         it, or push ours again.",
    ),
    (
        "edit_twins",
        "The shop shows {seen} for {title} instead of {expected}: two listings of one SKU were set to {seen} within ten \
         minutes. Adopt it, cap the listing at it, or push ours again.",
    ),
    (
        "edit_free",
        "The shop shows {seen} for {title} instead of {expected}: {units} units would go, and only {free} are free. Adopt it, \
         cap the listing at it, or push ours again.",
    ),
    (
        "edit_escalated",
        "The shop shows {seen} for {title} instead of {expected}: {said}. Adopt it, cap the listing at it, or push ours again.",
    ),
    ("listing_refused", "The stock of {title} was refused: {code}: {said}"),
    ("listing_gone", "{title} is not in the shop any more; its stock is not told there."),
    (
        "listing_promotion",
        "A promotion has put {aside} units of {title} aside, and {left} are left for it: the others may be sold and are not \
         there. End the promotion, or bring units.",
    ),
    (
        "unmapped",
        "Orders wait for listing {listing} ({title}, seller SKU \"{seller_sku}\"): map it to a SKU.",
    ),
    ("order_trouble", "Order {order} could not be applied wholly: {said}"),
    (
        "unknown_status",
        "The marketplace says \"{said}\" of order {order}, which is not known here. Its former state is kept.",
    ),
    (
        "return_opened",
        "Return {id} of order {order} ({units} units) is {said}. Decide what may be sold again.",
    ),
    ("return_coming", "Goods of order {order} come back. Decide what may be sold again."),
    (
        "return_cancelled",
        "Order {order} is cancelled, and goods of it have left. Decide what may be sold again when they are back.",
    ),
    ("cancel_requested", "The buyer of order {order} wants to cancel it. Accept or refuse."),
];

/// What stands for the `cause` of a difference.
const CAUSES: &[(&str, &str)] = &[
    ("lost_push", "it acknowledged a figure and did not keep it. It is told again"),
    ("late_write", "a figure that was sent before, and not answered, has arrived late. It is told again"),
    ("unseen_order", "units that were sold there are not off its figure. It is told again"),
    ("campaign", "a campaign or promotion has put units aside, or given them back"),
    ("seller_edit", "if it stays so for five minutes, it counts as the seller's own edit"),
];

/// The sentence with its facts. What a fact says is not looked at again: a title may have braces.
fn filled(sentence: &str, facts: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (place, part) in sentence.split(['{', '}']).enumerate() {
        // What stands between braces is every second part.
        match facts.get(part).filter(|_| place % 2 == 1) {
            Some(Value::String(cause)) if part == "cause" => {
                let known = CAUSES.iter().find(|(name, _)| name == cause);
                text.push_str(known.map_or(cause, |(_, words)| words));
            }
            Some(Value::String(fact)) => text.push_str(fact),
            Some(fact) => text.push_str(&fact.to_string()),
            None => text.push_str(part),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::kind_name;

    /// One of each form as it is stored, its kind, and what is said of it, in the order of [`SENTENCES`].
    const SAMPLES: &[(&str, &str, &str)] = &[
        (
            r#"{"form":"shop_left","name":"A shop"}"#,
            "shop_disconnected",
            "A shop was disconnected here by a person. Its jobs wait; authorise it again and they go on.",
        ),
        (
            r#"{"form":"shop_disconnected","name":"A shop","said":"auth_expired: no"}"#,
            "shop_disconnected",
            "A shop is disconnected (auth_expired: no). Its jobs wait; authorise it again and they go on.",
        ),
        (
            r#"{"form":"grant_ends","name":"A shop","days":6}"#,
            "grant_ends",
            "The authorisation of A shop ends in 6 days. Its owner must consent again.",
        ),
        (
            r#"{"form":"shop_stale","name":"A shop","minutes":61}"#,
            "shop_stale",
            "Nothing was heard from A shop for 61 minutes. Look whether the marketplace is reachable.",
        ),
        (
            r#"{"form":"webhooks_silent","name":"A shop"}"#,
            "webhooks_silent",
            "Orders of A shop come by polling only; its webhooks have stopped. Look at the webhook settings of the marketplace's app.",
        ),
        (
            r#"{"form":"shop_failing","name":"A shop","failures":5}"#,
            "shop_failing",
            "A shop does not answer (5 failures in a row). Its jobs wait; it is tried again by itself.",
        ),
        (
            r#"{"form":"shop_throttled","endpoint":"stock","minutes":12}"#,
            "shop_throttled",
            "The marketplace has turned down requests (stock) for 12 minutes.",
        ),
        (
            r#"{"form":"clock_skew","name":"A shop","seconds":-45}"#,
            "clock_skew",
            "The clock of A shop and ours differ by -45 seconds.",
        ),
        (
            r#"{"form":"retries_exhausted","job":"push_stock","code":"item_banned","said":"No (more)"}"#,
            "retries_exhausted",
            "Jobs of kind push_stock are given up: No (more) (item_banned). Mend the cause, then replay them.",
        ),
        (
            r#"{"form":"shortfall","sku":"A@b","location":"main","available":-3}"#,
            "shortfall",
            "More of A@b@main is promised than there is: -3 available. Restock it, or cancel orders.",
        ),
        (
            r#"{"form":"low_stock","sku":"A","location":"main","available":3,"threshold":5}"#,
            "low_stock",
            "A@main runs low: 3 available, and 5 is the threshold. Restock it, or keep more back.",
        ),
        (
            r#"{"form":"drift","title":"Tee {seen}","seen":3,"expected":5,"cause":"lost_push"}"#,
            "drift",
            "The shop shows 3 for Tee {seen} instead of 5: it acknowledged a figure and did not keep it. It is told again.",
        ),
        (
            r#"{"form":"edit_large","title":"Tee","seen":3,"expected":90,"change":-87}"#,
            "edit_escalated",
            "The shop shows 3 for Tee instead of 90: the figure changed by -87. Adopt it, cap the listing at it, or push ours again.",
        ),
        (
            r#"{"form":"edit_twins","title":"Tee","seen":3,"expected":9}"#,
            "edit_escalated",
            "The shop shows 3 for Tee instead of 9: two listings of one SKU were set to 3 within ten minutes. Adopt it, cap the listing at it, or push ours again.",
        ),
        (
            r#"{"form":"edit_free","title":"Tee","seen":3,"expected":9,"units":6,"free":1}"#,
            "edit_escalated",
            "The shop shows 3 for Tee instead of 9: 6 units would go, and only 1 are free. Adopt it, cap the listing at it, or push ours again.",
        ),
        (
            r#"{"form":"edit_escalated","title":"Tee","seen":3,"expected":9,"said":"there is no location x","code":"unknown_location"}"#,
            "edit_escalated",
            "The shop shows 3 for Tee instead of 9: there is no location x. Adopt it, cap the listing at it, or push ours again.",
        ),
        (
            r#"{"form":"listing_refused","title":"Tee","code":"item_banned","said":"Not now."}"#,
            "listing_trouble",
            "The stock of Tee was refused: item_banned: Not now.",
        ),
        (
            r#"{"form":"listing_gone","title":"Tee"}"#,
            "listing_trouble",
            "Tee is not in the shop any more; its stock is not told there.",
        ),
        (
            r#"{"form":"listing_promotion","title":"Tee","aside":9,"left":4}"#,
            "listing_trouble",
            "A promotion has put 9 units of Tee aside, and 4 are left for it: the others may be sold and are not there. End the promotion, or bring units.",
        ),
        (
            r#"{"form":"unmapped","listing":7,"title":"Tee","seller_sku":"T-1"}"#,
            "unmapped",
            r#"Orders wait for listing 7 (Tee, seller SKU "T-1"): map it to a SKU."#,
        ),
        (
            r#"{"form":"order_trouble","order":"24-14B","said":"the location is archived","code":"archived_location"}"#,
            "order_trouble",
            "Order 24-14B could not be applied wholly: the location is archived",
        ),
        (
            r#"{"form":"unknown_status","order":"24-14B","said":"ON_HOLD"}"#,
            "unknown_status",
            r#"The marketplace says "ON_HOLD" of order 24-14B, which is not known here. Its former state is kept."#,
        ),
        (
            r#"{"form":"return_opened","id":"R1","order":"24-14B","units":2,"said":"REQUESTED"}"#,
            "return_received",
            "Return R1 of order 24-14B (2 units) is REQUESTED. Decide what may be sold again.",
        ),
        (
            r#"{"form":"return_coming","order":"24-14B"}"#,
            "return_received",
            "Goods of order 24-14B come back. Decide what may be sold again.",
        ),
        (
            r#"{"form":"return_cancelled","order":"24-14B"}"#,
            "return_received",
            "Order 24-14B is cancelled, and goods of it have left. Decide what may be sold again when they are back.",
        ),
        (
            r#"{"form":"cancel_requested","order":"24-14B"}"#,
            "cancel_requested",
            "The buyer of order 24-14B wants to cancel it. Accept or refuse.",
        ),
    ];

    fn told(stored: &str) -> NoticeBody {
        serde_json::from_str(stored).expect(stored)
    }

    #[test]
    fn every_form_has_its_sentence() {
        let forms: Vec<String> = SAMPLES.iter().map(|(stored, ..)| form_of(stored)).collect();
        assert_eq!(forms, SENTENCES.iter().map(|(form, _)| *form).collect::<Vec<_>>());
        for (stored, kind, sentence) in SAMPLES {
            assert_eq!(told(stored).text(), *sentence);
            assert_eq!(kind_name(told(stored).kind()), *kind, "{stored}");
            assert_eq!(serde_json::to_string(&told(stored)).expect("JSON"), *stored, "rows have it so");
        }
    }

    /// Serde names them all when it is given one that it does not know: a form without a sample is found here.
    #[test]
    fn no_form_was_forgotten() {
        let error = serde_json::from_str::<NoticeBody>(r#"{"form":"?"}"#).expect_err("no form").to_string();
        let known = error.matches('`').count() / 2 - 1;
        assert_eq!(known, SAMPLES.len(), "{error}");
    }

    #[test]
    fn every_cause_of_a_difference_is_said() {
        let drift =
            |cause: &str| format!(r#"{{"form":"drift","title":"","seen":1,"expected":2,"cause":"{cause}"}}"#);
        let error = serde_json::from_str::<NoticeBody>(&drift("?")).expect_err("no cause").to_string();
        assert_eq!(error.matches('`').count() / 2 - 1, CAUSES.len(), "{error}");
        let page = include_str!("../../docs/notices.md");
        let row = page.lines().find(|line| line.starts_with("| `drift` | `drift` |")).expect("its row");
        for (cause, words) in CAUSES {
            assert_eq!(told(&drift(cause)).text(), format!("The shop shows 1 for  instead of 2: {words}."));
            assert!(row.contains(&format!("`{cause}`")), "{cause}");
        }
    }

    #[test]
    fn the_list_of_forms_is_in_the_documents() {
        let page = include_str!("../../docs/notices.md");
        for (stored, kind, _) in SAMPLES {
            let facts: Map<String, Value> = serde_json::from_str(stored).expect(stored);
            let form = form_of(stored);
            let row = format!("| `{form}` | `{kind}` |");
            let line = page.lines().find(|line| line.starts_with(&row)).unwrap_or_else(|| panic!("{row}"));
            for fact in facts.keys().filter(|fact| *fact != "form") {
                assert!(line.contains(&format!("`{fact}`")), "{form} has {fact}");
            }
        }
    }

    fn form_of(stored: &str) -> String {
        let facts: Map<String, Value> = serde_json::from_str(stored).expect(stored);
        facts["form"].as_str().unwrap_or_default().to_owned()
    }
}
