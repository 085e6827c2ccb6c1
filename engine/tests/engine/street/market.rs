//! A marketplace in memory: it takes units off its figures when buyers order, and does what the test says.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use onhand_connector::http::{Http, Request, TOO_LARGE};
use onhand_connector::{
    Call, Channel, Class, Consent, Endpoint, Facts, Failure, Grant, Hint, ItemOutcome, ListingKey,
    ListingPage, OrderPage, OrderWindow, PushItem, RawWebhook, Refused, RemoteLine, RemoteListing,
    RemoteOrder, RemoteReturn, RemoteStatus, Secret, Shipment, ShopInfo, StatusFlags, StockSeen, Verified,
};

const HOUR: i64 = 3_600_000;

pub(super) struct Market {
    facts: Facts,
    accounts: Vec<&'static str>,
    http: Http,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// What buyers see, by item.
    pub(super) stock: BTreeMap<String, i64>,
    /// Units of an item that a campaign has put aside: buyers do not see them.
    pub(super) aside: i64,
    pub(super) orders: Vec<RemoteOrder>,
    /// Says yes to writes and does not do them.
    pub(super) loses: bool,
    /// Refuses a write of several items for the sake of one, and does not say which.
    pub(super) picky: bool,
    /// Every write: item and figure.
    pub(super) pushes: Vec<(String, i64)>,
    /// How often orders were listed, and stock was read.
    pub(super) lists: u32,
    pub(super) reads: u32,
    pub(super) refreshes: u32,
    /// The refresh token that is good, and the access token.
    pub(super) tokens: u32,
    /// HTTP requests that one page of listings is.
    pub(super) page_requests: u32,
    /// The marketplace's time, where a request must be signed with it to two minutes.
    pub(super) clock: Option<i64>,
    /// Requests with a wrong time.
    pub(super) late: u32,
    /// Orders that fit into one answer, when not all do.
    pub(super) fits: Option<usize>,
    /// The same for a list of them.
    pub(super) list_fits: Option<usize>,
    /// An order that cannot be had, nor any that is asked for with it, and how that is told.
    pub(super) odd: Option<(&'static str, Class, &'static str)>,
    /// Reads of stock are refused as if the token were not good; and questions whether the shop is there.
    pub(super) refuses_reads: bool,
    pub(super) refuses_probes: bool,
    /// The places of stock of an item, where a write must name them.
    pub(super) places: BTreeMap<String, Vec<String>>,
    /// The variations of an item that has others than one, and what the seller calls them.
    pub(super) variants: BTreeMap<String, Vec<(String, String)>>,
}

impl Market {
    pub(super) fn new(accounts: &[&'static str]) -> Self {
        let limits = Endpoint::ALL.map(|endpoint| (endpoint, 1_000.0, 1_000.0)).to_vec();
        let facts = Facts {
            name: "street",
            title: "Street",
            push_items_max: 10,
            push_same_item: true,
            quantity_max: 1_000,
            read_items_max: 10,
            orders_max: 10,
            limits,
            refresh_at: 0.75,
            restores_on_cancel: true,
            webhook_answer_ms: 1_000,
            lost_webhooks: false,
        };
        Self { facts, accounts: accounts.to_vec(), http: Http::new(), state: Mutex::default() }
    }

    /// With this many requests a second and saved up.
    pub(super) fn paced(mut self, rate: f64, burst: f64) -> Self {
        self.facts.limits = Endpoint::ALL.map(|endpoint| (endpoint, rate, burst)).to_vec();
        self
    }

    pub(super) fn limit(&self, endpoint: Endpoint) -> (Endpoint, f64, f64) {
        *self.facts.limits.iter().find(|(which, _, _)| *which == endpoint).unwrap()
    }

    pub(super) fn now(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn put_up(&self, item: &str) {
        self.now().stock.insert(item.into(), 0);
    }

    pub(super) fn shows(&self, item: &str) -> i64 {
        self.now().stock[item]
    }

    /// A buyer takes units; the marketplace deducts them and tells nobody.
    pub(super) fn sell(&self, item: &str, reference: &str, quantity: i64, at: i64) {
        let mut state = self.now();
        *state.stock.get_mut(item).unwrap() -= quantity;
        let listing = ListingKey { item: item.into(), variant: "0".into() };
        let line = RemoteLine {
            ids: vec![reference.into()],
            listing,
            seller_sku: item.to_uppercase(),
            title: item.into(),
            quantity,
            cancelled: 0,
            status: RemoteStatus::Confirmed,
            unit_minor: None,
        };
        state.orders.push(RemoteOrder {
            reference: reference.into(),
            lines: vec![line],
            status: RemoteStatus::Confirmed,
            raw_status: "PAID".into(),
            known_status: true,
            flags: StatusFlags::default(),
            created_at: at,
            updated_at: at,
            currency: None,
            pay_before: None,
            ship_before: None,
        });
    }

    fn grant(&self, account: &str, number: u32, now: i64) -> Grant {
        Grant {
            account: account.into(),
            name: account.into(),
            region: None,
            access_token: Secret::new(format!("access-{number}")),
            refresh_token: Secret::new(format!("refresh-{number}")),
            access_until: now + HOUR,
            refresh_until: None,
            grant_until: None,
            extra: Some(format!("cipher-{account}")),
        }
    }

    /// The token must be the one in use, the account's own words beside it, and the time right.
    fn admit(&self, call: &Call) -> Result<MutexGuard<'_, State>, Failure> {
        let mut state = self.now();
        let grant = call.grant.as_ref().expect("a grant");
        assert_eq!(grant.extra.as_deref(), Some(format!("cipher-{}", grant.account).as_str()));
        if grant.access_token.expose() != format!("access-{}", state.tokens) {
            return Err(Failure::new(Class::Auth, "token", "the token is not good any more"));
        }
        if state.clock.is_some_and(|clock| (clock - call.now).abs() > 120_000) {
            state.late += 1;
            return Err(Failure::new(Class::Server, "clock_skew", "the time is wrong"));
        }
        Ok(state)
    }

    /// Tokens are asked for with the right time, where it matters.
    async fn timely(&self, call: &Call) -> Result<(), Failure> {
        let Some(clock) = self.now().clock else { return Ok(()) };
        self.requests(call, 1).await?;
        if (clock - call.now).abs() > 120_000 {
            self.now().late += 1;
            return Err(Failure::new(Class::Server, "clock_skew", "the time is wrong"));
        }
        Ok(())
    }

    async fn requests(&self, call: &Call, count: u32) -> Result<(), Failure> {
        for _ in 0..count {
            self.http.send(Request::get(&call.app.api_url, "/"), self.http.until(call)).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Channel for Market {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn consent_url(&self, _call: &Call, state: &str, _redirect: &str) -> String {
        state.into()
    }

    async fn exchange(&self, call: &Call, _consent: &Consent) -> Result<Vec<Grant>, Failure> {
        self.timely(call).await?;
        Ok(self.accounts.iter().map(|account| self.grant(account, 0, call.now)).collect())
    }

    fn one_grant_for_all(&self) -> bool {
        true
    }

    /// Tokens are for single use; the old access token ends with them.
    async fn refresh(&self, call: &Call) -> Result<Grant, Failure> {
        // Others get the time to come second.
        tokio::task::yield_now().await;
        self.timely(call).await?;
        let old = call.grant.as_ref().expect("a grant");
        let mut state = self.now();
        state.refreshes += 1;
        if old.refresh_token.expose() != format!("refresh-{}", state.tokens) {
            return Err(Failure::new(Class::Auth, "refresh", "the refresh token was used before"));
        }
        state.tokens += 1;
        Ok(self.grant(&old.account, state.tokens, call.now))
    }

    async fn probe(&self, call: &Call) -> Result<ShopInfo, Failure> {
        self.requests(call, 1).await?;
        if self.now().refuses_probes {
            return Err(Failure::new(Class::Auth, "error_auth", "nothing is allowed"));
        }
        self.admit(call).map(|_| ShopInfo { account: "1".into(), name: "1".into() })
    }

    async fn listings(&self, call: &Call, _cursor: Option<&str>) -> Result<ListingPage, Failure> {
        let count = self.admit(call)?.page_requests;
        self.requests(call, count).await?;
        Ok(ListingPage { listings: Vec::new(), next: None, total: None })
    }

    async fn item(&self, call: &Call, item: &str) -> Result<Vec<RemoteListing>, Failure> {
        let state = self.admit(call)?;
        let plain = || vec![("0".to_owned(), item.to_uppercase())];
        let variants = state.variants.get(item).cloned().unwrap_or_else(plain);
        let listing = |(variant, seller_sku): (String, String)| RemoteListing {
            key: ListingKey { item: item.into(), variant },
            seller_sku,
            title: item.into(),
            stock: state.stock[item],
            promotion_reserved: None,
            theirs: None,
            active: true,
            warehouses: state.places.get(item).cloned().unwrap_or_default(),
            updated_at: None,
        };
        Ok(variants.into_iter().map(listing).collect())
    }

    async fn push(&self, call: &Call, items: &[PushItem]) -> Result<Vec<ItemOutcome>, Failure> {
        let mut state = self.admit(call)?;
        if state.picky && items.len() > 1 {
            let refused = Failure::new(Class::Unclear, "batch_refused", "one of them is wrong");
            return Ok(items.iter().map(|_| Err(refused.clone())).collect());
        }
        let is_known = |item: &PushItem| {
            let variants = state.variants.get(&item.key.item);
            variants.is_none_or(|known| known.iter().any(|(variant, _)| *variant == item.key.variant))
        };
        if !items.iter().all(is_known) {
            return Err(Failure::new(Class::Conflict, "has_models", "the item has other variations"));
        }
        let mut outcomes = Vec::new();
        for item in items {
            if state.places.get(&item.key.item).is_some_and(|places| *places != item.warehouses) {
                outcomes.push(Err(Failure::new(Class::Conflict, "places", "the warehouses are others")));
                continue;
            }
            state.pushes.push((item.key.item.clone(), item.quantity));
            if !state.loses {
                state.stock.insert(item.key.item.clone(), item.quantity);
            }
            outcomes.push(Ok(()));
        }
        Ok(outcomes)
    }

    async fn read_stock(&self, call: &Call, listings: &[PushItem]) -> Result<Vec<StockSeen>, Failure> {
        let mut state = self.admit(call)?;
        state.reads += 1;
        if state.refuses_reads {
            return Err(Failure::new(Class::Auth, "error_auth", "this is not allowed"));
        }
        let aside = state.aside;
        let seen = |item: &PushItem| StockSeen {
            key: item.key.clone(),
            stock: Ok(state.stock[&item.key.item] - aside),
            promotion_reserved: aside,
        };
        Ok(listings.iter().map(seen).collect())
    }

    async fn orders_changed(
        &self,
        call: &Call,
        window: OrderWindow,
        _cursor: Option<&str>,
    ) -> Result<OrderPage, Failure> {
        let mut state = self.admit(call)?;
        state.lists += 1;
        let inside = |order: &&RemoteOrder| (window.since..window.until).contains(&order.updated_at);
        let references: Vec<String> =
            state.orders.iter().filter(inside).map(|order| order.reference.clone()).collect();
        if state.list_fits.is_some_and(|fits| references.len() > fits) {
            return Err(Failure::new(Class::Unclear, TOO_LARGE, "the body is too long"));
        }
        Ok(OrderPage { references, next: None })
    }

    async fn orders(&self, call: &Call, references: &[String]) -> Result<Vec<RemoteOrder>, Failure> {
        let state = self.admit(call)?;
        if let Some((odd, class, code)) = state.odd.filter(|odd| references.iter().any(|one| one == odd.0)) {
            return Err(Failure::new(class, code, format!("there is something about {odd}")));
        }
        if state.fits.is_some_and(|fits| references.len() > fits) {
            return Err(Failure::new(Class::Unclear, TOO_LARGE, "the body is too long"));
        }
        Ok(state.orders.iter().filter(|order| references.contains(&order.reference)).cloned().collect())
    }

    async fn returns(&self, _call: &Call, _window: OrderWindow) -> Result<Vec<RemoteReturn>, Failure> {
        Ok(Vec::new())
    }

    async fn ship(&self, _call: &Call, _shipment: &Shipment) -> Result<(), Failure> {
        Ok(())
    }

    async fn answer_cancel(&self, _call: &Call, _reference: &str, _accept: bool) -> Result<(), Failure> {
        Ok(())
    }

    fn verify(&self, _call: &Call, _raw: &RawWebhook) -> Result<Verified, Refused> {
        Err(Refused::Signature)
    }

    fn hints(&self, _webhook: &Verified) -> Result<Vec<Hint>, Refused> {
        Ok(Vec::new())
    }
}

/// A host that answers `{}` with this `Date` to whatever comes; its address.
pub(super) async fn host(date: &'static str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut buffer, mut asked) = ([0; 4096], Vec::new());
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    asked.extend_from_slice(&buffer[..read]);
                    if !asked.ends_with(b"\r\n\r\n") {
                        continue;
                    }
                    asked.clear();
                    let answer = format!("HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-length: 2\r\n\r\n{{}}");
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}
