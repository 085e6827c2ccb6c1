//! A connector through which one passes when the test says so. It adds nothing to the requests and takes nothing away; it
//! counts, waits, and keeps writes back to carry them out too late.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use onhand_connector::{
    Call, Channel, Class, Consent, Facts, Failure, Grant, Hint, ItemOutcome, ListingKey, ListingPage,
    OrderPage, OrderWindow, PushItem, RawWebhook, Refused, RemoteListing, RemoteOrder, RemoteReturn,
    Shipment, ShopInfo, StockSeen, Verified,
};
use tokio::sync::watch;

use crate::stage::within;

/// How a write gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delay {
    /// The connector says that the time is over.
    TimedOut,
    /// It says nothing: whoever waits for it dies waiting.
    Silent,
}

pub(super) struct Turnstile {
    inner: Arc<dyn Channel>,
    open: watch::Sender<bool>,
    /// Fetches of orders are let through at once.
    orders_open: watch::Sender<bool>,
    /// Writes that wait or run, by listing, and the most there were at once for one.
    under_way: Mutex<BTreeMap<ListingKey, u64>>,
    most: AtomicU64,
    /// Requests that write stock.
    pub(super) writes: AtomicU64,
    /// Listings in those that were answered.
    items: AtomicU64,
    pub(super) refreshes: AtomicU64,
    /// Writes get no answer in time, and wait here; whoever sent them is told so, or never hears of them again.
    delays: Mutex<Option<Delay>>,
    delayed: Mutex<VecDeque<(Call, Vec<PushItem>)>>,
    /// What reads of stock show instead of what is there.
    mirror: Mutex<Option<i64>>,
    /// Answers to fetches of one order, instead of what is there.
    news: Mutex<BTreeMap<String, VecDeque<RemoteOrder>>>,
    last: Mutex<Option<Call>>,
    /// Fetches of orders that are let through; the next ones break.
    fetches: AtomicU64,
    orders_asked: watch::Sender<u64>,
    /// The earliest time from which changed orders were listed.
    earliest: AtomicI64,
    /// What happens when lost messages were fetched the next time.
    once_fetched: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Turnstile {
    pub(super) fn new(inner: Arc<dyn Channel>) -> Self {
        Self {
            inner,
            open: watch::Sender::new(true),
            orders_open: watch::Sender::new(true),
            under_way: Mutex::default(),
            most: AtomicU64::default(),
            writes: AtomicU64::default(),
            items: AtomicU64::default(),
            refreshes: AtomicU64::default(),
            delays: Mutex::default(),
            delayed: Mutex::default(),
            mirror: Mutex::default(),
            news: Mutex::default(),
            last: Mutex::default(),
            fetches: AtomicU64::new(u64::MAX),
            orders_asked: watch::Sender::new(0),
            earliest: AtomicI64::new(i64::MAX),
            once_fetched: Mutex::default(),
        }
    }

    /// So many fetches of orders are let through from now on; the next ones break.
    pub(super) fn fetches(&self, left: u64) {
        self.fetches.store(left, Ordering::SeqCst);
    }

    /// The earliest time from which changed orders were listed since this was last asked. The marketplace's clock.
    pub(super) fn earliest_listed(&self) -> i64 {
        self.earliest.swap(i64::MAX, Ordering::SeqCst)
    }

    /// Orders that were fetched, each as often as it was.
    pub(super) fn orders_asked(&self) -> u64 {
        *self.orders_asked.borrow()
    }

    /// Fetches of orders wait from now on.
    pub(super) fn hold_orders(&self) {
        self.orders_open.send_replace(false);
    }

    pub(super) fn let_orders_go(&self) {
        self.orders_open.send_replace(true);
    }

    /// Waits until this many orders have been asked for.
    pub(super) async fn asked_for_orders(&self, count: u64) {
        let mut asked = self.orders_asked.subscribe();
        within("a fetch", asked.wait_for(|asked| *asked >= count)).await.expect("the turnstile is there");
    }

    /// Writes wait from now on.
    pub(super) fn close(&self) {
        self.open.send_replace(false);
    }

    pub(super) fn open(&self) {
        self.open.send_replace(true);
    }

    /// The most writes of one listing that were under way at once.
    pub(super) fn most(&self) -> u64 {
        self.most.load(Ordering::SeqCst)
    }

    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    pub(super) fn items(&self) -> u64 {
        self.items.load(Ordering::SeqCst)
    }

    /// Waits until this many writes have come.
    pub(super) async fn written(&self, count: u64) {
        within("a write", async {
            while self.writes() < count {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Writes get no answer from now on; they arrive when the test says so.
    pub(super) fn delay(&self, how: Option<Delay>) {
        *self.delays.lock().unwrap() = how;
    }

    /// The oldest write that was delayed arrives.
    pub(super) async fn land(&self) {
        let (call, items) = self.delayed.lock().unwrap().pop_front().expect("a write that was delayed");
        for outcome in self.inner.push(&call, &items).await.expect("an answer") {
            outcome.expect("done");
        }
    }

    /// Reads show this from now on, whatever is there.
    pub(super) fn mirror(&self, stock: Option<i64>) {
        *self.mirror.lock().unwrap() = stock;
    }

    /// An order as it is there now.
    pub(super) async fn order_now(&self, reference: &str) -> RemoteOrder {
        let call = self.last.lock().unwrap().clone().expect("something was asked before");
        let found = self.inner.orders(&call, &[reference.to_owned()]).await.expect("an answer");
        found.into_iter().next().expect("the order")
    }

    /// The next fetches of this order show this, one after the other.
    pub(super) fn tell(&self, order: RemoteOrder) {
        self.news.lock().unwrap().entry(order.reference.clone()).or_default().push_back(order);
    }

    /// Does this when lost messages were fetched the next time.
    pub(super) fn once_fetched(&self, what: impl FnOnce() + Send + 'static) {
        *self.once_fetched.lock().unwrap() = Some(Box::new(what));
    }

    fn note(&self, call: &Call) {
        *self.last.lock().unwrap() = Some(call.clone());
    }
}

#[async_trait]
impl Channel for Turnstile {
    fn facts(&self) -> &Facts {
        self.inner.facts()
    }

    fn consent_url(&self, call: &Call, state: &str, redirect: &str) -> String {
        self.inner.consent_url(call, state, redirect)
    }

    async fn exchange(&self, call: &Call, consent: &Consent) -> Result<Vec<Grant>, Failure> {
        self.inner.exchange(call, consent).await
    }

    async fn refresh(&self, call: &Call) -> Result<Grant, Failure> {
        self.refreshes.fetch_add(1, Ordering::SeqCst);
        self.inner.refresh(call).await
    }

    fn one_grant_for_all(&self) -> bool {
        self.inner.one_grant_for_all()
    }

    async fn probe(&self, call: &Call) -> Result<ShopInfo, Failure> {
        self.inner.probe(call).await
    }

    async fn listings(&self, call: &Call, cursor: Option<&str>) -> Result<ListingPage, Failure> {
        self.note(call);
        self.inner.listings(call, cursor).await
    }

    async fn item(&self, call: &Call, item: &str) -> Result<Vec<RemoteListing>, Failure> {
        self.inner.item(call, item).await
    }

    async fn push(&self, call: &Call, items: &[PushItem]) -> Result<Vec<ItemOutcome>, Failure> {
        self.note(call);
        let delay = *self.delays.lock().unwrap();
        if let Some(delay) = delay {
            self.delayed.lock().unwrap().push_back((call.clone(), items.to_vec()));
            self.writes.fetch_add(1, Ordering::SeqCst);
            if delay == Delay::Silent {
                return std::future::pending().await;
            }
            return Err(Failure::new(Class::Network, "timeout", "no answer in time"));
        }
        for item in items {
            let mut under_way = self.under_way.lock().unwrap();
            let count = under_way.entry(item.key.clone()).or_default();
            *count += 1;
            self.most.fetch_max(*count, Ordering::SeqCst);
        }
        self.writes.fetch_add(1, Ordering::SeqCst);
        let opened = self.open.subscribe().wait_for(|open| *open).await.map(|_| ());
        opened.expect("the turnstile is there");
        let answer = self.inner.push(call, items).await;
        self.items.fetch_add(answer.as_ref().map_or(0, |all| all.len() as u64), Ordering::SeqCst);
        for item in items {
            *self.under_way.lock().unwrap().entry(item.key.clone()).or_default() -= 1;
        }
        answer
    }

    async fn read_stock(&self, call: &Call, listings: &[PushItem]) -> Result<Vec<StockSeen>, Failure> {
        let mut seen = self.inner.read_stock(call, listings).await?;
        if let Some(stock) = *self.mirror.lock().unwrap() {
            seen.iter_mut().for_each(|one| one.stock = Ok(stock));
        }
        Ok(seen)
    }

    async fn orders_changed(
        &self,
        call: &Call,
        window: OrderWindow,
        cursor: Option<&str>,
    ) -> Result<OrderPage, Failure> {
        self.earliest.fetch_min(window.since, Ordering::SeqCst);
        self.inner.orders_changed(call, window, cursor).await
    }

    async fn orders(&self, call: &Call, references: &[String]) -> Result<Vec<RemoteOrder>, Failure> {
        self.note(call);
        if self.fetches.fetch_sub(1, Ordering::SeqCst) == 0 {
            self.fetches.store(0, Ordering::SeqCst);
            return Err(Failure::new(Class::Network, "connect", "the line is cut"));
        }
        self.orders_asked.send_modify(|asked| *asked += references.len() as u64);
        let opened = self.orders_open.subscribe().wait_for(|open| *open).await.map(|_| ());
        opened.expect("the turnstile is there");
        let mut orders = self.inner.orders(call, references).await?;
        let mut news = self.news.lock().unwrap();
        for order in &mut orders {
            if let Some(told) = news.get_mut(&order.reference).and_then(VecDeque::pop_front) {
                *order = told;
            }
        }
        Ok(orders)
    }

    async fn returns(&self, call: &Call, window: OrderWindow) -> Result<Vec<RemoteReturn>, Failure> {
        self.inner.returns(call, window).await
    }

    async fn ship(&self, call: &Call, shipment: &Shipment) -> Result<(), Failure> {
        self.inner.ship(call, shipment).await
    }

    async fn answer_cancel(&self, call: &Call, reference: &str, accept: bool) -> Result<(), Failure> {
        self.inner.answer_cancel(call, reference, accept).await
    }

    fn verify(&self, call: &Call, raw: &RawWebhook) -> Result<Verified, Refused> {
        self.inner.verify(call, raw)
    }

    fn hints(&self, webhook: &Verified) -> Result<Vec<Hint>, Refused> {
        self.inner.hints(webhook)
    }

    async fn lost_webhooks(&self, call: &Call) -> Result<(Vec<Verified>, Option<String>), Failure> {
        let lost = self.inner.lost_webhooks(call).await;
        if let Some(what) = self.once_fetched.lock().unwrap().take() {
            what();
        }
        lost
    }

    async fn confirm_lost(&self, call: &Call, last: &str) -> Result<(), Failure> {
        self.inner.confirm_lost(call, last).await
    }
}
