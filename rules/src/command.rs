//! The list of commands: every way in which state can change.

use crate::commands::channels::{
    CareForNotice, ConnectShop, DisconnectShop, MapListing, MoveCursors, NoteHealth, Publish, RaiseNotice,
    RecordPush, RecordSeen, RenewGrant, ResolveEdit, SeeNotice, SetListingRule, SetLowStock, StartConsent,
    TakeListings, TakeMarketOrder, TakeWebhook, UpdateShop, WatchStock,
};
use crate::commands::identity::{
    ChangeFactor, ChangePassword, CloseSessions, CreateUser, FirstOwner, MakeLink, OpenSession, ProveSession,
    TakeTry, TouchSession, UpdateUser, UseLink,
};
use crate::commands::queue::{
    BeatJobs, BlockBucket, CancelJobs, ClaimJobs, DiscardDead, EnqueueJobs, FinishJobs, FireSchedule,
    HurryJobs, PurgeDone, PutSetting, ReplayDead, RescueJobs, SettleCause, TakeTokens,
};
use crate::commands::{
    AllocateReservation, CancelOrder, ChangeStock, ConfirmOrder, CreateApiKey, CreateLocation, CreateSku,
    DeliverOrder, ExpireHolds, ExtendReservation, NoteKeyUse, PlaceOrder, RecordPayment, ReleaseReservation,
    Reserve, ReturnOrder, RevokeApiKey, ShipOrder, UpdateLocation, UpdateSku,
};
use crate::event::{Event, EventBody};
use crate::id::{OpId, PrincipalId};
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// What surrounds one command.
#[derive(Debug, Clone)]
pub struct Context {
    /// The ledger clock, read once for a batch.
    pub now: Millis,
    /// This execution.
    pub op: OpId,
    /// Who asks.
    pub actor: PrincipalId,
    /// By what the request is found again: its W3C `traceparent`, its id, or both with a space between.
    pub trace: Option<String>,
}

impl Context {
    /// An event of this command.
    #[must_use]
    pub fn event(&self, body: EventBody) -> Event {
        Event { body, op: self.op, actor: self.actor, trace: self.trace.clone() }
    }
}

macro_rules! commands {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)+) => {
        /// One thing that can happen. Each has a file in `commands/`.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Command {
            $($(#[$doc])* $variant($variant),)+
        }

        impl Command {
            /// A stable number: operation ids are unique for each principal and kind of command.
            #[must_use]
            pub fn number(&self) -> u8 {
                match self { $(Self::$variant(_) => $number),+ }
            }

            /// The stable name, for metrics and logs.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),+ }
            }

            /// The name of a stored number.
            #[must_use]
            pub fn name_of(number: u8) -> Option<&'static str> {
                match number { $($number => Some($name),)+ _ => None }
            }

            /// Adds the rows that this command must see, given what is loaded already, to `needs`. Asked again after
            /// each round of loading until nothing is missing, at most [`ROUNDS_MAX`] times.
            pub fn needs(&self, seen: &Working, needs: &mut Needs) {
                match self { $(Self::$variant(command) => command.needs(seen, needs)),+ }
            }

            /// The whole decision.
            ///
            /// # Errors
            /// A [`Refusal`]; the scope must then be dropped, which undoes what was changed.
            pub fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
                match self { $(Self::$variant(command) => command.decide(scope, context)),+ }
            }
        }

        $(impl From<$variant> for Command {
            fn from(command: $variant) -> Self {
                Self::$variant(command)
            }
        })+
    };
}

commands! {
    /// A place that holds stock.
    CreateLocation = 1, "create_location";
    /// Its name, or whether it is used.
    UpdateLocation = 2, "update_location";
    /// Something that is sold.
    CreateSku = 3, "create_sku";
    /// Its name, limits, components, or whether it is sold.
    UpdateSku = 4, "update_sku";
    /// Adjust, set, count and move stock.
    ChangeStock = 5, "change_stock";
    /// Hold units without an order.
    Reserve = 6, "reserve";
    /// Hold them longer.
    ExtendReservation = 7, "extend_reservation";
    /// Give them back.
    ReleaseReservation = 8, "release_reservation";
    /// Make an order of them.
    AllocateReservation = 9, "allocate_reservation";
    /// Hold or allocate units for an order.
    PlaceOrder = 10, "place_order";
    /// Turn its holds into allocations.
    ConfirmOrder = 11, "confirm_order";
    /// Give units back, wholly or by line.
    CancelOrder = 12, "cancel_order";
    /// Goods leave the building.
    ShipOrder = 13, "ship_order";
    /// The buyer has them.
    DeliverOrder = 14, "deliver_order";
    /// Goods come back.
    ReturnOrder = 15, "return_order";
    /// Holds past due end.
    ExpireHolds = 16, "expire_holds";
    /// A new API key.
    CreateApiKey = 17, "create_api_key";
    /// An API key stops working.
    RevokeApiKey = 18, "revoke_api_key";
    /// Jobs are put into the queue.
    EnqueueJobs = 19, "enqueue_jobs";
    /// Jobs are claimed.
    ClaimJobs = 20, "claim_jobs";
    /// Leases are renewed.
    BeatJobs = 21, "beat_jobs";
    /// Attempts end.
    FinishJobs = 22, "finish_jobs";
    /// Lost leases are taken back.
    RescueJobs = 23, "rescue_jobs";
    /// Jobs are given up.
    CancelJobs = 24, "cancel_jobs";
    /// Dead jobs run again.
    ReplayDead = 25, "replay_dead";
    /// Dead jobs are given up for good.
    DiscardDead = 26, "discard_dead";
    /// A schedule fires.
    FireSchedule = 27, "fire_schedule";
    /// A lane or a pause is set.
    PutSetting = 28, "put_setting";
    /// Requests to a marketplace are paid for before they are made.
    TakeTokens = 29, "take_tokens";
    /// A marketplace said: fewer requests.
    BlockBucket = 30, "block_bucket";
    /// Finished jobs are forgotten.
    PurgeDone = 31, "purge_done";
    /// Somebody goes to a consent page.
    StartConsent = 32, "start_consent";
    /// A shop is connected, or authorised again.
    ConnectShop = 33, "connect_shop";
    /// A token was refreshed.
    RenewGrant = 34, "renew_grant";
    /// A shop is set up.
    UpdateShop = 35, "update_shop";
    /// A grant is no longer good.
    DisconnectShop = 36, "disconnect_shop";
    /// A shop answered, or did not.
    NoteHealth = 37, "note_health";
    /// What a shop told was taken in up to a point.
    MoveCursors = 38, "move_cursors";
    /// Listings were read from a shop.
    TakeListings = 39, "take_listings";
    /// A person says what a listing sells.
    MapListing = 40, "map_listing";
    /// A listing gets a publish rule of its own.
    SetListingRule = 41, "set_listing_rule";
    /// Changes of stock become pushes.
    Publish = 42, "publish";
    /// A marketplace answered a push.
    RecordPush = 43, "record_push";
    /// The figures of a shop were read.
    RecordSeen = 44, "record_seen";
    /// A person decides about a seller's edit.
    ResolveEdit = 45, "resolve_edit";
    /// A webhook came in.
    TakeWebhook = 46, "take_webhook";
    /// An order was fetched from a marketplace.
    TakeMarketOrder = 47, "take_market_order";
    /// Something should be known.
    RaiseNotice = 48, "raise_notice";
    /// A person has seen a notice.
    SeeNotice = 49, "see_notice";
    /// When stock runs low is set.
    SetLowStock = 50, "set_low_stock";
    /// A stock row is looked at after it changed.
    WatchStock = 51, "watch_stock";
    /// A shop is well again: what waits after its failures is tried now.
    HurryJobs = 52, "hurry_jobs";
    /// A person takes a notice on, puts it off, or settles it.
    CareForNotice = 53, "care_for_notice";
    /// Nothing is left of what jobs died of.
    SettleCause = 54, "settle_cause";
    /// Something happened to a payment.
    RecordPayment = 55, "record_payment";
    /// A link to set a password.
    MakeLink = 60, "make_link";
    /// A password is set with a link.
    UseLink = 61, "use_link";
    /// The first owner sets up the house.
    FirstOwner = 62, "first_owner";
    /// Somebody new is let in.
    CreateUser = 63, "create_user";
    /// A person gets another name or role, or is kept out.
    UpdateUser = 64, "update_user";
    /// A person sets another password.
    ChangePassword = 65, "change_password";
    /// Somebody signs in.
    OpenSession = 66, "open_session";
    /// A session was used.
    TouchSession = 67, "touch_session";
    /// Sessions end.
    CloseSessions = 68, "close_sessions";
    /// A password is about to be looked at.
    TakeTry = 69, "take_try";
    /// A second factor is begun, confirmed, used or removed.
    ChangeFactor = 70, "change_factor";
    /// API keys were used.
    NoteKeyUse = 71, "note_key_use";
    /// A person has shown again, in a session, who they are.
    ProveSession = 72, "prove_session";
}

/// How many rounds of loading a command may ask for: the order names its holds, the holds name SKUs, the SKUs name
/// stock rows, and a stock row that lacks units names the overdue holders on it, whose lines name more stock rows. An
/// order of a marketplace names listings or orders first.
pub const ROUNDS_MAX: usize = 8;
