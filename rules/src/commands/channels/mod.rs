//! Commands of the channels: shops, listings, what was pushed and seen, orders of marketplaces.

mod care_for_notice;
mod connect_shop;
mod disconnect_shop;
mod drift;
mod edits;
mod low_stock;
mod map_listing;
mod market_steps;
mod move_cursors;
mod note_health;
mod publish;
mod raise_notice;
mod record_push;
mod record_seen;
mod renew_grant;
mod resolve_edit;
mod see_notice;
mod set_listing_rule;
mod start_consent;
mod take_listings;
mod take_market_order;
mod take_webhook;
mod telling;
mod update_shop;

pub use care_for_notice::CareForNotice;
pub use connect_shop::ConnectShop;
pub use disconnect_shop::DisconnectShop;
pub use low_stock::{SetLowStock, WatchStock};
pub use map_listing::MapListing;
pub use move_cursors::MoveCursors;
pub use note_health::NoteHealth;
pub use publish::{FreeSlots, Publish, Urgency};
pub use raise_notice::RaiseNotice;
pub use record_push::{PushOutcome, PushResult, READ_BACK_MS, RecordPush};
pub use record_seen::{RecordSeen, SeenStock};
pub use renew_grant::RenewGrant;
pub use resolve_edit::ResolveEdit;
pub use see_notice::SeeNotice;
pub use set_listing_rule::SetListingRule;
pub use start_consent::StartConsent;
pub use take_listings::{SeenListing, TakeListings};
pub use take_market_order::TakeMarketOrder;
pub use take_webhook::TakeWebhook;
pub use update_shop::UpdateShop;

use crate::command::Context;
use crate::event::EventBody;
use crate::id::{JobId, ListingId, ShopId};
use crate::job::{JobBody, NewJob};
use crate::listing::{Listing, ListingState};
use crate::notice::NoticeKind;
use crate::notice_body::NoticeBody;
use crate::noticing::{close, needs_of_notice, raise};
use crate::publish::{PublishRule, VELOCITY_MINUTES_MAX};
use crate::quantity::{Millis, Quantity};
use crate::queueing::{enqueue, enqueue_now, needs_of_job};
use crate::refusal::Refusal;
use crate::shop::{Shop, ShopState};
use crate::working::{Needs, Scope, Working};

/// Asks for a listing with its shop and the job that tells its stock.
fn needs_of_listing(id: ListingId, seen: &Working, needs: &mut Needs) {
    needs.sync.listings.insert(id);
    if let Some(listing) = loaded_listing(seen, id) {
        needs.sync.shops.insert(listing.shop);
        needs_of_job(&JobBody::PushStock { shop: listing.shop, unit: listing.unit.clone() }, needs);
    }
}

/// A listing as far as it is loaded.
fn loaded_listing(seen: &Working, id: ListingId) -> Option<&Listing> {
    seen.sync.listings.get(&id)?.now.as_ref()
}

fn listing_of(scope: &mut Scope<'_>, id: ListingId) -> Result<Listing, Refusal> {
    scope
        .listing(&id)
        .cloned()
        .ok_or_else(|| Refusal::NotFound { what: "listing".into(), id: id.0.to_string() })
}

fn shop_of(scope: &mut Scope<'_>, id: ShopId) -> Result<Shop, Refusal> {
    scope.shop(&id).cloned().ok_or_else(|| Refusal::NotFound { what: "shop".into(), id: id.0.to_string() })
}

/// The stable name of a state.
fn state_name(state: ShopState) -> &'static str {
    match state {
        ShopState::Connected => "connected",
        ShopState::Disconnected => "disconnected",
        ShopState::Paused => "paused",
    }
}

/// The code of a shop, for events.
fn shop_code(scope: &mut Scope<'_>, id: ShopId) -> String {
    scope.shop(&id).map(|shop| shop.code.clone()).unwrap_or_default()
}

/// What is published of this listing may have changed: it is told as soon as possible, and told again if a push is on
/// its way (Q11). The caller keeps the listing. Yields the push, where there is to be one.
fn mark_dirty(
    scope: &mut Scope<'_>,
    context: &Context,
    listing: &mut Listing,
    cause_at: Millis,
    urgency: Urgency,
) -> Option<JobId> {
    listing.desired += 1;
    if listing.dirty_since == 0 {
        listing.dirty_since = cause_at;
    }
    if !listing.dirty() {
        return None;
    }
    let body = JobBody::PushStock { shop: listing.shop, unit: listing.unit.clone() };
    let new = NewJob { body, class: urgency.class(), run_at: context.now, cause_at: Some(cause_at) };
    Some(match urgency {
        Urgency::Person => enqueue_now(scope, context, &new),
        Urgency::Sale | Urgency::Bulk => enqueue(scope, context, &new),
    })
}

/// It is not in the shop any more: nothing is told there until it is read again, and somebody should know. The caller keeps
/// the listing.
fn left_the_shop(scope: &mut Scope<'_>, context: &Context, listing: &mut Listing) {
    if listing.state == ListingState::Theirs {
        listing.trouble = None;
    }
    listing.state = ListingState::Gone;
    listing.acked = listing.desired;
    listing.dirty_since = 0;
    let told = NoticeBody::ListingGone { title: listing.title.clone() };
    raise(scope, context, &listing.id.0.to_string(), Some(listing.shop), told);
}

/// It is there again: what it shows is told over. The caller keeps the listing.
fn came_back(scope: &mut Scope<'_>, context: &Context, listing: &mut Listing) {
    if listing.trouble.is_none() {
        close(scope, context, NoticeKind::ListingTrouble, &listing.id.0.to_string());
    }
    if listing.mapping.is_some() {
        mark_dirty(scope, context, listing, context.now, Urgency::Bulk);
    }
}

/// Asks for what [`promotion_fell`] must see, where it will be called for.
fn needs_of_promotion(listing: &Listing, now: Quantity, needs: &mut Needs) {
    if now < listing.promotion_reserved {
        needs_of_notice(NoticeKind::ListingTrouble, &listing.id.0.to_string(), needs);
    }
}

/// What a promotion puts aside cannot be taken from the figure: a push tells no less. Once it puts less aside than `before`,
/// the figure is told again, and when it is over, so is what was said of it. That it puts more aside is no reason to write:
/// the marketplace would refuse. The caller keeps the listing.
fn promotion_fell(scope: &mut Scope<'_>, context: &Context, before: Quantity, listing: &mut Listing) {
    if listing.promotion_reserved >= before {
        return;
    }
    if listing.promotion_reserved == 0 && listing.trouble.is_none() {
        close(scope, context, NoticeKind::ListingTrouble, &listing.id.0.to_string());
    }
    if listing.mapping.is_some() && listing.state == ListingState::Active {
        mark_dirty(scope, context, listing, context.now, Urgency::Sale);
    }
}

/// Keeps a listing that changed; yields its version.
fn put(scope: &mut Scope<'_>, context: &Context, mut listing: Listing) -> i64 {
    listing.version += 1;
    listing.updated_at = context.now.max(listing.updated_at);
    let version = listing.version;
    scope.put_listing(listing.id, listing);
    version
}

fn tell_edit(
    scope: &mut Scope<'_>,
    context: &Context,
    listing: &Listing,
    step: &str,
    seen: Quantity,
    expected: Quantity,
) {
    let shop = shop_code(scope, listing.shop);
    let step = step.to_owned();
    scope.push_event(context.event(EventBody::ListingEdit {
        listing: listing.id.0,
        shop,
        step,
        seen,
        expected,
    }));
}

/// A rule that cannot be meant.
fn check_rule(rule: &PublishRule) -> Result<(), Refusal> {
    let fine = rule.buffer >= 0
        && rule.percent <= 100
        && rule.velocity.is_none_or(|v| v.most >= 0 && (1..=VELOCITY_MINUTES_MAX).contains(&v.minutes))
        && rule.zero_at >= 0
        && rule.cap.is_none_or(|cap| cap >= 0)
        && rule.last_units.is_none_or(|last| last.units >= 0);
    if fine { Ok(()) } else { Err(Refusal::OutOfRange) }
}
