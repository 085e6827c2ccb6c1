//! The read side: one named query for each need, in short transactions of its own. Nothing here is ever used to decide.

use async_trait::async_trait;
use onhand_rules::access::ApiKey;
use onhand_rules::order::OrderState;
use onhand_rules::quantity::Quantities;
use onhand_rules::reservation::ReservationState;
use onhand_rules::{
    ApiKeyId, EventBody, Holder, Location, Movement, OpId, Order, OrderId, PrincipalId, Quantity,
    Reservation, ReservationId, Sku, Stock, StockKey,
};

use crate::error::StoreError;
use crate::ops::OpRow;

/// A page of rows and whether there are more after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether another page follows.
    pub more: bool,
}

impl<T> Page<T> {
    /// Makes a page of rows that were fetched with a limit of one more than asked for.
    #[must_use]
    pub fn of(mut rows: Vec<T>, limit: usize) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        Self { rows, more }
    }

    /// The same page of other rows.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(f).collect(), more: self.more }
    }
}

/// A quantity of a stock row that a movement can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the quantities")]
pub enum Figure {
    OnHand,
    Reserved,
    Allocated,
    Unavailable,
}

impl Figure {
    /// That quantity.
    #[must_use]
    pub fn of(self, quantities: &Quantities) -> Quantity {
        match self {
            Self::OnHand => quantities.on_hand,
            Self::Reserved => quantities.reserved,
            Self::Allocated => quantities.allocated,
            Self::Unavailable => quantities.unavailable,
        }
    }
}

/// What was found in a stretch of the history of a stock row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The movements, newest first.
    pub rows: Vec<Movement>,
    /// Below which version to go on; none at the beginning of the history.
    pub rest: Option<i64>,
}

impl Stretch {
    /// The lowest version of a stretch of `look` movements below a version.
    #[must_use]
    pub fn lowest(below: i64, look: usize) -> i64 {
        below.saturating_sub(i64::try_from(look).unwrap_or(i64::MAX)).max(1)
    }

    /// Of at most `limit` rows that were found in such a stretch.
    #[must_use]
    pub fn of(rows: Vec<Movement>, below: i64, limit: usize, look: usize) -> Self {
        let full = rows.last().filter(|_| rows.len() >= limit);
        let seen = full.map_or_else(|| Self::lowest(below, look), |last| last.version);
        Self { rest: (seen > 1).then_some(seen), rows }
    }
}

/// A stock row with the codes that people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockView {
    /// Code of the SKU.
    pub sku: String,
    /// Code of the location.
    pub location: String,
    /// The row.
    pub stock: Stock,
}

/// Which stock rows to list. The order is (SKU code in byte order, location code in byte order).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockFilter {
    /// Only this SKU, by exact code.
    pub sku: Option<String>,
    /// Only this location, by exact code.
    pub location: Option<String>,
    /// Only rows with `available` below this.
    pub available_below: Option<Quantity>,
    /// Only rows whose `available` is below minus their backorder limit: the shortfalls.
    pub shortfall: bool,
    /// After this (SKU code, location code).
    pub after: Option<(String, String)>,
}

/// Which orders to list. The order is by id, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only in this state.
    pub state: Option<OrderState>,
    /// Only those whose money a person must look after: all or part of it must go back, or it is disputed.
    pub money_due: bool,
    /// Only from this channel.
    pub channel: Option<String>,
    /// Only with this reference.
    pub reference: Option<String>,
    /// Older than this.
    pub before: Option<OrderId>,
}

/// Which reservations to list. The order is by id, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReservationFilter {
    /// Only in this state.
    pub state: Option<ReservationState>,
    /// Only this owner's.
    pub owner: Option<String>,
    /// Older than this.
    pub before: Option<ReservationId>,
}

/// One event of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its number; commit order, no gaps.
    pub number: i64,
    /// Ledger clock at commit, never going back along the feed.
    pub at: i64,
    /// What happened.
    pub body: EventBody,
    /// The command that caused it.
    pub op: OpId,
    /// Who asked for it.
    pub actor: PrincipalId,
    /// By what the request is found again: its W3C `traceparent`, its id, or both with a space between.
    pub trace: Option<String>,
}

/// From where on in the feed, and in which direction. Neither skips nor repeats an event, whatever is written meanwhile: numbers
/// are given in the order of commits, and no event is ever removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventsFrom {
    /// Oldest first: those with a greater number.
    After(i64),
    /// Newest first: those with a smaller number.
    Before(i64),
}

/// Which events to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    /// Only about this, as in [`Reads::events_of`].
    pub subject: Option<String>,
    /// Only of this type, one of [`SELDOM`](onhand_rules::event::SELDOM): nothing is found by another.
    pub kind: Option<&'static str>,
    /// Only those by which somebody mapped a listing or took its mapping away, whatever `kind` says.
    pub mapping: bool,
    /// Where the page begins.
    pub from: EventsFrom,
}

/// Units that one order or reservation takes from one stock row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderUnits {
    /// Which.
    pub holder: Holder,
    /// Number of the line.
    pub line: i32,
    /// Number of the component inside the line.
    pub part: i32,
    /// Units held.
    pub reserved: Quantity,
    /// Units allocated and not shipped.
    pub allocated: Quantity,
    /// When the hold ends, if it does.
    pub expires_at: Option<i64>,
    /// The caller's own number of the order, or the owner of the reservation.
    pub reference: Option<String>,
}

/// A stock row beside what orders and reservations say about it, read by one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockAudit {
    /// The row.
    pub view: StockView,
    /// Σ `order_line.reserved` + Σ units held by reservations (I4).
    pub reserved_by_holders: Quantity,
    /// Σ `order_line.allocated` (I6).
    pub allocated_by_holders: Quantity,
}

/// Everything that is read. `limit` is the number of rows of a page.
#[async_trait]
#[expect(missing_docs, reason = "each name says what it reads; the few that need a rule have it")]
pub trait Reads: crate::sync_reads::SyncReads {
    /// Answers if the database does.
    async fn ping(&self) -> Result<(), StoreError>;
    /// The number of the last event.
    async fn feed_head(&self) -> Result<i64, StoreError>;
    /// The ledger clock, milliseconds: the database's, or the last time that was written, if that is later.
    async fn now(&self) -> Result<i64, StoreError>;
    /// The database's clock as it stands, milliseconds, though it may have been set back. Only for what must agree with
    /// clocks elsewhere, such as the codes of authenticators; nothing that is kept is judged by it.
    async fn clock(&self) -> Result<i64, StoreError>;
    /// For how many milliseconds somebody has kept a snapshot open, ours included. On PostgreSQL no row that was replaced
    /// since can be cleaned away, and everything becomes slower; SQLite has nothing to say.
    async fn oldest_snapshot_ms(&self) -> Result<i64, StoreError> {
        Ok(0)
    }

    /// By code in byte order, optionally only codes that begin with `prefix`.
    async fn skus(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page<Sku>, StoreError>;
    async fn sku(&self, code: &str) -> Result<Option<Sku>, StoreError>;
    /// Codes of SKU ids, in any order; for components and lines.
    /// SKUs whose name holds every one of these words (the case of ASCII letters does not matter), the oldest first. Names have no
    /// index: it may read them all.
    async fn skus_named(&self, words: &[String], limit: usize) -> Result<Vec<Sku>, StoreError>;
    async fn skus_by_id(&self, ids: &[onhand_rules::SkuId]) -> Result<Vec<Sku>, StoreError>;
    async fn locations(&self, after: Option<&str>, limit: usize) -> Result<Page<Location>, StoreError>;
    async fn location(&self, code: &str) -> Result<Option<Location>, StoreError>;
    async fn locations_by_id(&self, ids: &[onhand_rules::LocationId]) -> Result<Vec<Location>, StoreError>;

    async fn stock(&self, filter: &StockFilter, limit: usize) -> Result<Page<StockView>, StoreError>;
    /// Newest first: movements of the row with a version below `before` (or all).
    async fn movements(
        &self,
        key: StockKey,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<Movement>, StoreError>;
    /// Newest first: at most `limit` movements of the row that changed `figure`, among the `look` movements below a version.
    /// No index says what a movement changed, and every sale would have to pay for one; so no more than that are looked at,
    /// and a page can be empty though there are more.
    async fn movements_changing(
        &self,
        key: StockKey,
        figure: Figure,
        below: i64,
        limit: usize,
        look: usize,
    ) -> Result<Stretch, StoreError>;
    /// Oldest first: movements of the row with a version above `after`; for following the chain.
    async fn movements_from(
        &self,
        key: StockKey,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Movement>, StoreError>;
    /// The last movement of the row that happened at or before `at`.
    async fn movement_at(&self, key: StockKey, at: i64) -> Result<Option<Movement>, StoreError>;
    /// Orders and reservations that hold or are allocated units of the row, ordered by (holder, line, part): the rows
    /// behind `reserved` and `allocated`.
    async fn holders(
        &self,
        key: StockKey,
        after: Option<(Holder, i32, i32)>,
        limit: usize,
    ) -> Result<Page<HolderUnits>, StoreError>;

    async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError>;
    /// With lines.
    async fn orders(&self, filter: &OrderFilter, limit: usize) -> Result<Page<Order>, StoreError>;
    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, StoreError>;
    /// With lines.
    async fn reservations(
        &self,
        filter: &ReservationFilter,
        limit: usize,
    ) -> Result<Page<Reservation>, StoreError>;

    /// Events with a number above `after`, oldest first.
    async fn events(&self, after: i64, limit: usize) -> Result<Page<EventRow>, StoreError>;
    /// Events that the filter lets through, in its order.
    async fn events_by(&self, filter: &EventFilter, limit: usize) -> Result<Page<EventRow>, StoreError>;
    /// Events about one order, reservation (by its id as text), oldest first.
    async fn events_of(&self, subject: &str, after: i64, limit: usize) -> Result<Page<EventRow>, StoreError>;

    /// Every record that this principal made with this key, over all kinds of command.
    async fn operations(&self, principal: PrincipalId, key: &str) -> Result<Vec<OpRow>, StoreError>;

    async fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError>;
    async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;
    /// All of them; there are few.
    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError>;

    /// When the next hold ends, if there is any.
    async fn next_due(&self) -> Result<Option<i64>, StoreError>;
    /// Holders whose hold ends at or before `now`, earliest first.
    async fn due(&self, now: i64, limit: usize) -> Result<Vec<Holder>, StoreError>;
    /// Channel and reference of the pending orders from marketplaces whose hold ends at or before `until`, earliest first.
    async fn market_holds(&self, until: i64, limit: usize) -> Result<Vec<(String, String)>, StoreError>;

    /// For `verify`: stock rows in (SKU id, location id) order with the sums of their holders, each page one statement.
    async fn audit_stock(&self, after: Option<StockKey>, limit: usize)
    -> Result<Vec<StockAudit>, StoreError>;
    /// For `verify`: orders by id, oldest first, with lines.
    async fn audit_orders(&self, after: Option<OrderId>, limit: usize) -> Result<Vec<Order>, StoreError>;
    /// For `verify`: reservations by id, oldest first, with lines.
    async fn audit_reservations(
        &self,
        after: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<Reservation>, StoreError>;
    /// For `verify`: the database's own check of its files (`integrity_check`), as messages; empty when all is well.
    async fn audit_files(&self) -> Result<Vec<String>, StoreError>;
    /// For `dump`: all operation records ordered by key, after this one.
    async fn audit_ops(
        &self,
        after: Option<&crate::ops::OpKey>,
        limit: usize,
    ) -> Result<Vec<OpRow>, StoreError>;
}

/// A word of [`Reads::skus_named`] as a pattern of `LIKE`, with a backslash as its escape.
#[must_use]
pub fn name_pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for character in word.to_ascii_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
