//! An engine over a fresh database with SKUs and stock, as the parts that run in process need it.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use onhand_engine::{Engine, Request, Settings};
use onhand_rules::commands::{ChangeStock, CreateLocation, CreateSku, PlaceOrder, Reason, StockItem};
use onhand_rules::holding::LineRequest;
use onhand_rules::{Command, PrincipalId};
use onhand_store::{OpKey, Outcome};
use tokio::task::JoinSet;

use crate::chance::{KeyKind, Keys};
use crate::place::Place;
use crate::report::progress;

const LOCATION: &str = "main";
/// Far more than anybody buys here.
pub(crate) const PLENTY: i64 = 1_000_000_000;
const HOLD_MS: i64 = 60 * 60 * 1000;
/// Commands that are on their way at once while a shop is filled.
const WIDTH: usize = 512;

/// A running engine and what its callers need.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) engine: Engine,
    keys: Arc<Keys>,
    codes: Arc<Vec<String>>,
}

/// How the engine runs when something is measured.
pub(crate) fn settings(batch_max: usize) -> Settings {
    Settings {
        batch_max,
        // The default ends without a word, for whoever has a log; here is none.
        on_fatal: Arc::new(|why| {
            progress(&format!("error: the engine gave up: {why}"));
            std::process::exit(70);
        }),
        ..Settings::default()
    }
}

impl Shop {
    /// Opens a place that may be empty: what is missing is made.
    pub(crate) async fn open(place: &Place<'_>, skus: usize, settings: Settings) -> anyhow::Result<Self> {
        let engine = Engine::start(place.store().await?, settings).await?;
        let shop = Self {
            engine,
            keys: Arc::new(Keys::new(KeyKind::TimeOrdered, crate::chance::seed())),
            codes: Arc::new((0..skus).map(code).collect()),
        };
        if shop.engine.reads().location(LOCATION).await?.is_none() {
            shop.done(CreateLocation { code: LOCATION.into(), name: LOCATION.into() }).await?;
        }
        if shop.engine.reads().sku(&code(0)).await?.is_none() {
            shop.add(&shop.codes.clone(), PLENTY).await?;
        }
        Ok(shop)
    }

    /// New SKUs with so many units each.
    pub(crate) async fn add(&self, codes: &[String], units: i64) -> anyhow::Result<()> {
        let create = codes.iter().map(|code| {
            Command::from(CreateSku {
                code: code.clone(),
                name: code.clone(),
                components: Vec::new(),
                backorder_limit: 0,
            })
        });
        self.all(create).await?;
        let items: Vec<StockItem> = codes.iter().map(|code| received(code, units)).collect();
        let receive = items.chunks(500).map(|items| Command::from(ChangeStock { items: items.to_vec() }));
        self.all(receive).await
    }

    /// Runs many commands, some at once, each of which must be done.
    pub(crate) async fn all(&self, commands: impl Iterator<Item = Command>) -> anyhow::Result<()> {
        let mut running = JoinSet::new();
        for command in commands {
            if running.len() == WIDTH {
                running.join_next().await.context("nothing to wait for")???;
            }
            let shop = self.clone();
            running.spawn(async move { shop.done(command).await });
        }
        while let Some(ended) = running.join_next().await {
            ended??;
        }
        Ok(())
    }

    async fn done(&self, command: impl Into<Command>) -> anyhow::Result<()> {
        match self.submit(command.into()).await? {
            Outcome::Done(_) => Ok(()),
            Outcome::Refused(refusal) => bail!("refused: {refusal}"),
        }
    }

    /// One command under a key of its own.
    pub(crate) async fn submit(&self, command: Command) -> anyhow::Result<Outcome> {
        let request = Request {
            key: Some(OpKey { principal: PrincipalId(1), kind: command.number(), key: self.keys.next() }),
            op: onhand_engine::ids::op(),
            command,
            fingerprint: [7; 16],
            actor: PrincipalId(1),
            trace: None,
            audit: None,
        };
        Ok(self.engine.submit(request).await?.outcome)
    }

    /// An order of one unit of the SKU with this number.
    pub(crate) async fn buy(&self, sku: usize) -> anyhow::Result<Outcome> {
        self.submit(order(&self.codes[sku])).await
    }

    pub(crate) fn received(&self, sku: usize, units: i64) -> StockItem {
        received(&self.codes[sku], units)
    }
}

/// The code of the SKU with this number.
pub(crate) fn code(number: usize) -> String {
    format!("SKU-{number:06}")
}

/// An order of one unit.
pub(crate) fn order(sku: &str) -> Command {
    PlaceOrder {
        id: onhand_engine::ids::order(),
        channel: "api".into(),
        reference: None,
        lines: vec![LineRequest {
            sku: sku.into(),
            location: LOCATION.into(),
            quantity: 1,
            unit_minor: None,
        }],
        hold_ms: HOLD_MS,
        confirm: false,
        forced: false,
        payment_reference: None,
        currency: None,
    }
    .into()
}

fn received(code: &str, units: i64) -> StockItem {
    StockItem::Adjust {
        sku: code.into(),
        location: LOCATION.into(),
        delta: units,
        reason: Reason::Received,
        note: None,
    }
}
