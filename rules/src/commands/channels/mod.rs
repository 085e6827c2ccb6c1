//! Commands of the channels: shops, listings, what was pushed and seen, orders of marketplaces.

mod connect_shop;
mod disconnect_shop;
mod map_listing;
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
mod update_shop;

pub use connect_shop::ConnectShop;
pub use disconnect_shop::DisconnectShop;
pub use map_listing::MapListing;
pub use move_cursors::MoveCursors;
pub use note_health::NoteHealth;
pub use publish::Publish;
pub use raise_notice::RaiseNotice;
pub use record_push::{PushOutcome, PushResult, RecordPush};
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
