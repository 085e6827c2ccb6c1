//! What becomes of a figure that a seller set on the marketplace himself (`ledger.md` §9.3): shared by the reading that
//! confirms it and the person who decides it.

use super::Urgency;
use crate::command::Context;
use crate::holding::{Cause, shift};
use crate::id::SkuId;
use crate::listing::{EditWindow, Listing, SettledEdit};
use crate::movement::MovementKind;
use crate::notice::NoticeKind;
use crate::notice_body::NoticeBody;
use crate::noticing::{close, needs_of_notice, raise};
use crate::publish::PublishRule;
use crate::quantity::{Millis, Quantities, Quantity};
use crate::shop::{EditPolicy, Shop};
use crate::stock::StockKey;
use crate::working::{Needs, Scope, Working};

/// How long a figure must stand before it counts as meant.
pub(super) const WINDOW_MS: Millis = 5 * 60_000;
/// How long a series of changing figures may last.
pub(super) const SERIES_MAX_MS: Millis = 15 * 60_000;
/// For how long after an acknowledgement the figure before it may still be seen.
pub(super) const LAG_MS: Millis = 30_000;
/// Two listings of one SKU set to the same figure within this time are likely one wish.
const SAME_WISH_MS: Millis = 10 * 60_000;
/// A difference up to this is believed; beyond it, up to 30 % of what was expected.
const BELIEVED: Quantity = 50;

/// Asks for everything that deciding about an edit may touch.
pub(super) fn needs_of_edit(listing: &Listing, seen: &Working, needs: &mut Needs) {
    let subject = listing.id.0.to_string();
    needs_of_notice(NoticeKind::Drift, &subject, needs);
    needs_of_notice(NoticeKind::EditEscalated, &subject, needs);
    let Some(mapping) = listing.mapping else { return };
    needs.skus.insert(mapping.sku);
    needs.sync.listings_of.insert(mapping.sku);
    let Some(shop) = seen.sync.shops.get(&listing.shop).and_then(|row| row.now.as_ref()) else { return };
    needs.location_codes.insert(shop.settings.location.clone());
    if let Some(location) = seen.location_by_code(&shop.settings.location) {
        needs.stock.insert(StockKey { sku: mapping.sku, location: location.id });
    }
}

/// Does what the policy says, or leaves it to a person. The caller keeps the listing.
pub(super) fn settle(
    scope: &mut Scope<'_>,
    context: &Context,
    listing: &mut Listing,
    edit: &EditWindow,
    policy: EditPolicy,
    by_person: bool,
) {
    let difference = edit.seen - edit.expected;
    if !by_person && let Some(why) = doubt(scope, listing, edit, difference, policy) {
        escalate(scope, context, listing, edit, why);
        return;
    }
    let step = match policy {
        EditPolicy::Adopt => {
            if let Err(why) = adopt(scope, context, listing, edit, difference) {
                escalate(scope, context, listing, edit, why);
                return;
            }
            "adopted"
        }
        EditPolicy::Cap => {
            let shop_rule = scope.shop(&listing.shop).map(|shop| shop.settings.rule.clone());
            let rule = listing.rule.clone().or(shop_rule).unwrap_or_default();
            listing.rule = Some(PublishRule { cap: Some(edit.seen.max(0)), ..rule });
            "capped"
        }
        EditPolicy::Reject => "rejected",
    };
    // What is there now is known, whoever put it there.
    listing.pushed_before = listing.pushed;
    listing.pushed = Some(edit.seen);
    listing.pushed_at = Some(context.now);
    listing.sold_there = 0;
    listing.edit = None;
    listing.settled = Some(SettledEdit { seen: edit.seen, since: edit.since });
    super::tell_edit(scope, context, listing, step, edit.seen, edit.expected);
    let subject = listing.id.0.to_string();
    close(scope, context, NoticeKind::Drift, &subject);
    close(scope, context, NoticeKind::EditEscalated, &subject);
    super::mark_dirty(scope, context, listing, context.now, Urgency::Sale);
}

/// Why a person should look.
enum Doubt {
    Large,
    Twins,
    TakesMore {
        units: Quantity,
        free: Quantity,
    },
    /// By its code, as of a refusal.
    Other {
        code: &'static str,
        said: String,
    },
}

impl Doubt {
    fn told(self, title: String, edit: &EditWindow) -> NoticeBody {
        let EditWindow { seen, expected, .. } = *edit;
        match self {
            Self::Large => NoticeBody::EditLarge { title, seen, expected, change: seen - expected },
            Self::Twins => NoticeBody::EditTwins { title, seen, expected },
            Self::TakesMore { units, free } => NoticeBody::EditFree { title, seen, expected, units, free },
            Self::Other { code, said } => {
                NoticeBody::EditEscalated { title, seen, expected, said, code: Some(code.to_owned()) }
            }
        }
    }
}

fn other(code: &'static str, why: &str) -> Doubt {
    Doubt::Other { code, said: why.to_owned() }
}

/// Why a person should look, if one should.
fn doubt(
    scope: &mut Scope<'_>,
    listing: &Listing,
    edit: &EditWindow,
    difference: Quantity,
    policy: EditPolicy,
) -> Option<Doubt> {
    if difference.abs() > BELIEVED.max(edit.expected * 3 / 10) && policy == EditPolicy::Adopt {
        return Some(Doubt::Large);
    }
    let sku = listing.mapping?.sku;
    let twins = scope.listings_of(&sku);
    for twin in twins.into_iter().filter(|id| *id != listing.id) {
        // Whether the other one still stands or was decided already: the wish is one, and may count once.
        let wishes = scope.listing(&twin).map(|other| {
            let stands = other.edit.as_ref().map(|edit| (edit.seen, edit.since));
            [stands, other.settled.map(|edit| (edit.seen, edit.since))]
        });
        let same = |(seen, since): (Quantity, Millis)| {
            seen == edit.seen && (since - edit.since).abs() <= SAME_WISH_MS
        };
        if wishes.into_iter().flatten().flatten().any(same) {
            return Some(Doubt::Twins);
        }
    }
    None
}

fn adopt(
    scope: &mut Scope<'_>,
    context: &Context,
    listing: &Listing,
    edit: &EditWindow,
    difference: Quantity,
) -> Result<(), Doubt> {
    let mapping = listing.mapping.ok_or_else(|| other("not_mapped", "the listing is not mapped"))?;
    let key = stock_key(scope, listing, mapping.sku)?;
    let units = difference
        .checked_mul(mapping.quantity)
        .ok_or_else(|| other("out_of_range", "the figure is too large"))?;
    let available = scope.stock_row(key).map_or(0, |stock| stock.figures.available());
    if units < 0 && available + units < 0 {
        return Err(Doubt::TakesMore { units: -units, free: available.max(0) });
    }
    let cause = Cause {
        holder: None,
        reason: Some("seller_edit".to_owned()),
        note: Some(format!("listing {}: {} became {}", listing.id.0, edit.expected, edit.seen)),
    };
    let delta = Quantities { on_hand: units, ..Quantities::default() };
    shift(scope, context, key, MovementKind::Adjust, delta, &cause)
        .map(|_| ())
        .map_err(|refusal| Doubt::Other { code: refusal.code(), said: refusal.to_string() })
}

fn stock_key(scope: &mut Scope<'_>, listing: &Listing, sku: SkuId) -> Result<StockKey, Doubt> {
    if scope.sku(sku).is_none_or(|sku| sku.is_bundle()) {
        return Err(other("bundle_has_no_stock", "a bundle has no stock of its own; change its parts"));
    }
    let code =
        scope.shop(&listing.shop).map(|shop: &Shop| shop.settings.location.clone()).unwrap_or_default();
    match scope.location_by_code(&code) {
        Some(location) => Ok(StockKey { sku, location: location.id }),
        None => Err(other("unknown_location", &format!("there is no location {code}"))),
    }
}

fn escalate(scope: &mut Scope<'_>, context: &Context, listing: &mut Listing, edit: &EditWindow, why: Doubt) {
    listing.edit = Some(EditWindow { escalated: true, ..edit.clone() });
    super::tell_edit(scope, context, listing, "escalated", edit.seen, edit.expected);
    let told = why.told(listing.title.clone(), edit);
    raise(scope, context, &listing.id.0.to_string(), Some(listing.shop), told);
}
