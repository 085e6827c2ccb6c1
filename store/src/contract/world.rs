//! A store with one writer and a clock that the test moves.

use std::sync::Arc;

use onhand_rules::access::ScopeName;
use onhand_rules::commands::CreateApiKey;
use onhand_rules::{ApiKeyId, Command, Receipt, Refusal};

use super::Fixture;
use super::commands::{adjust, location, sku};
use super::driver::{Driver, Request};
use super::memory::Memory;
use crate::ops::Outcome;
use crate::reads::Reads;
use crate::session::Store;
use crate::verify::verify;

/// When every test begins: 2100-01-01, later than any server's clock, so that tests alone decide what time it is.
pub const START: i64 = 4_102_444_800_000;

/// Rows of a page in tests: small, so that few rows make several pages.
pub(super) const FEW: usize = 2;

/// A new API key; with the principal of another one, if one is named.
pub(super) fn api_key(id: u128, same_as: Option<u128>) -> CreateApiKey {
    CreateApiKey {
        id: ApiKeyId(id),
        same_as: same_as.map(ApiKeyId),
        same_as_ends_at: None,
        name: format!("key {id}"),
        hash: [u8::try_from(id % 251).unwrap_or_default(); 32],
        scopes: vec![ScopeName::StockRead, ScopeName::OrdersWrite],
        expires_at: Some(START + 1_000_000_000),
    }
}

pub(super) struct World {
    pub(super) fixture: Fixture,
    pub(super) driver: Driver,
}

impl World {
    /// An empty database at [`START`].
    pub(super) async fn new(fixture: Fixture) -> Self {
        let driver = Driver::new(&fixture.store, 1_000_000).await;
        let mut world = Self { fixture, driver };
        world.at(START).await;
        world
    }

    /// An empty database beside plain maps that take every command too.
    pub(super) async fn mirrored(fixture: Fixture) -> Self {
        let mut world = Self::new(fixture).await;
        world.driver.memory = Some(Memory::default());
        world
    }

    /// One with locations and SKUs, each SKU with so many units at the first location.
    pub(super) async fn stocked(fixture: Fixture, places: &[&str], goods: &[(&str, i64)]) -> Self {
        let mut world = Self::new(fixture).await;
        world.stock(places, goods).await;
        world
    }

    /// Locations and SKUs, each SKU with so many units at the first location.
    pub(super) async fn stock(&mut self, places: &[&str], goods: &[(&str, i64)]) {
        let mut batch: Vec<Request> = places.iter().map(|code| Request::of(location(code))).collect();
        batch.extend(goods.iter().map(|(code, _)| Request::of(sku(code))));
        let stocked = goods.iter().filter(|(_, units)| *units > 0);
        batch.extend(stocked.map(|(code, units)| Request::of(adjust(code, places[0], *units))));
        for outcome in self.driver.batch(&batch).await.expect("the catalogue") {
            assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
        }
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.fixture.store
    }

    pub(super) fn reads(&self) -> &dyn Reads {
        self.fixture.store.reads()
    }

    /// Moves the ledger clock to `at`.
    pub(super) async fn at(&mut self, at: i64) {
        match &self.fixture.set_clock {
            Some(set) => set(at),
            None => self.driver.write_at(at).await,
        }
    }

    pub(super) async fn batch(&mut self, batch: &[Request]) -> Vec<Outcome> {
        self.driver.batch(batch).await.expect("a batch")
    }

    pub(super) async fn outcome(&mut self, command: impl Into<Command>) -> Outcome {
        self.batch(&[Request::of(command)]).await.remove(0)
    }

    pub(super) async fn done(&mut self, command: impl Into<Command>) -> Receipt {
        match self.outcome(command).await {
            Outcome::Done(receipt) => receipt,
            Outcome::Refused(refusal) => panic!("refused: {refusal}"),
        }
    }

    pub(super) async fn refused(&mut self, command: impl Into<Command>) -> Refusal {
        match self.outcome(command).await {
            Outcome::Refused(refusal) => refusal,
            Outcome::Done(receipt) => panic!("was done: {receipt:?}"),
        }
    }

    /// The whole database as text.
    pub(super) async fn dump(&self) -> String {
        crate::dump::dump(self.reads()).await.expect("a dump")
    }

    /// Panics when the dump of the store is not, line by line, that of the plain maps.
    pub(super) async fn equals_memory(&self) {
        let should = self.driver.memory.as_ref().expect("a mirrored world").dump();
        let is = self.dump().await;
        for (number, (is, should)) in (1..).zip(is.lines().zip(should.lines())) {
            assert_eq!(is, should, "line {number} of the dump: the store and plain maps");
        }
        assert_eq!(is.lines().count(), should.lines().count(), "lines of the dump");
    }

    /// Panics when an invariant is broken.
    pub(super) async fn verify(&self) {
        let report = verify(self.reads(), &mut |_| ()).await.expect("verify");
        assert!(report.is_clean(), "{report:#?}");
    }
}

impl World {
    /// Closes the database and opens it again.
    pub(super) async fn reopened(self) -> Self {
        let Self { fixture, driver } = self;
        let first_op = 500_000_000;
        drop(driver);
        let Fixture { store, reopen, set_clock, sql, guard } = fixture;
        let store = reopen(store).await;
        let driver = Driver::new(&store, first_op).await;
        let fixture = Fixture { store, reopen, set_clock, sql, guard };
        Self { fixture, driver }
    }
}
