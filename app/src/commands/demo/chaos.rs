//! The walk through the faults: one after the other, each for a few seconds, and when each began and ended.

use anyhow::Context as _;
use onhand_engine::Request;
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::shop::ShopSettings;
use onhand_sandbox::Market;
use onhand_store::ListingFilter;
use reqwest::Method;
use serde_json::{Value, json};

use super::fleet::Fleet;
use super::measures::Measures;
use crate::markets::connect::connect;
use crate::markets::control::Control;
use crate::terminal;

/// Something that goes wrong on order.
pub(super) struct Fault {
    /// As the sandbox calls it, where it is the sandbox that does it.
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// The marketplace that it strikes; all without it.
    pub(super) market: Option<Market>,
    /// What is ordered of the sandbox; empty for what is done otherwise.
    order: &'static str,
}

const fn fault(name: &'static str, what: &'static str, market: Option<Market>, order: &'static str) -> Fault {
    Fault { name, what, market, order }
}

const SHOPEE: Option<Market> = Some(Market::Shopee);
const TIKTOK: Option<Market> = Some(Market::Tiktok);
const LAZADA: Option<Market> = Some(Market::Lazada);

/// In the order in which they come. The seller's edit is last: it counts only when it has stood for five minutes, and sales of
/// those goods would end it before.
pub(super) const FAULTS: &[Fault] = &[
    fault("latency", "every call to Shopee takes 300 ms longer", SHOPEE, r#"{"fault":"latency","ms":300}"#),
    fault("throttle", "TikTok Shop turns every call down (429)", TIKTOK, r#"{"fault":"throttle"}"#),
    fault("outage", "Lazada answers every call with 5xx", LAZADA, r#"{"fault":"outage"}"#),
    fault(
        "drop_webhooks",
        "Shopee loses half of its webhooks",
        SHOPEE,
        r#"{"fault":"drop_webhooks","share":0.5}"#,
    ),
    fault("duplicate_webhooks", "every webhook comes twice", None, r#"{"fault":"duplicate_webhooks"}"#),
    fault(
        "reorder_webhooks",
        "webhooks overtake each other",
        None,
        r#"{"fault":"reorder_webhooks","share":0.5}"#,
    ),
    fault("delay_webhooks", "webhooks are two seconds late", None, r#"{"fault":"delay_webhooks","ms":2000}"#),
    fault(
        "lose_answer",
        "Shopee does what it is told and loses the answer",
        SHOPEE,
        r#"{"fault":"lose_answer"}"#,
    ),
    fault(
        "partial_failure",
        "three items of each write fail on TikTok Shop",
        TIKTOK,
        r#"{"fault":"partial_failure","items":3}"#,
    ),
    fault("html", "Lazada answers with a page for people", LAZADA, r#"{"fault":"html"}"#),
    fault("expire_token", "Shopee's access token ends early", SHOPEE, r#"{"fault":"expire_token"}"#),
    fault("clock_skew", "TikTok Shop's clock is 90 s ahead", TIKTOK, r#"{"fault":"clock_skew","ms":90000}"#),
    fault(
        "campaign_lock",
        "a campaign on Lazada lets no stock be lowered",
        LAZADA,
        r#"{"fault":"campaign_lock"}"#,
    ),
    fault(
        "promotion_lock",
        "a promotion on Shopee lets no stock be set",
        SHOPEE,
        r#"{"fault":"promotion_lock"}"#,
    ),
    fault(
        "revoke_token",
        "the owner of the shop on TikTok Shop withdraws his consent, and gives it again",
        TIKTOK,
        r#"{"fault":"revoke_token"}"#,
    ),
    fault("kill_replica", "one of the two replicas is killed (SIGKILL), and started again", None, ""),
    fault("seller_edit", "a seller sets a figure of his own on Lazada", LAZADA, ""),
];

/// The fault that needs two replicas.
const KILL: &str = "kill_replica";

/// The faults of these names, or all that are possible with so many replicas.
pub(super) fn plan(names: &[String], replicas: usize) -> anyhow::Result<Vec<&'static Fault>> {
    if names.is_empty() {
        return Ok(FAULTS.iter().filter(|fault| replicas > 1 || fault.name != KILL).collect());
    }
    let mut chosen = Vec::new();
    for name in names {
        let known = FAULTS.iter().find(|fault| fault.name == name);
        let fault = known.with_context(|| {
            let all: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
            format!("there is no fault `{name}`; there are {}", all.join(", "))
        })?;
        if fault.name == KILL && replicas < 2 {
            anyhow::bail!("{KILL} needs two replicas: give --database postgres");
        }
        chosen.push(fault);
    }
    Ok(chosen)
}

/// A fault that was in force, and what was so before and after it.
pub(super) struct Struck {
    pub(super) fault: &'static Fault,
    /// Ledger clock, milliseconds.
    pub(super) from: i64,
    pub(super) until: i64,
    /// How often it struck, as the sandbox counted.
    pub(super) times: u64,
    /// What is particular about this one.
    pub(super) notes: Vec<String>,
    /// Of the whole fleet, when it began, and when the next one did.
    before: Measures,
    pub(super) measured: Measures,
    id: Option<u64>,
    /// Attempts to deliver a webhook that had failed before, over all marketplaces.
    undelivered: u64,
}

/// What the walk works on.
pub(super) struct Scene<'a> {
    pub(super) control: &'a Control,
    pub(super) fleet: &'a mut Fleet,
    pub(super) silent: bool,
}

/// The walk.
pub(super) struct Chaos {
    plan: Vec<&'static Fault>,
    /// Seconds for which each fault lasts, and then for which nothing is wrong.
    hold: u64,
    second: u64,
    pub(super) past: Vec<Struck>,
}

impl Chaos {
    pub(super) fn new(plan: Vec<&'static Fault>, hold: u64) -> Self {
        Self { plan, hold, second: 0, past: Vec::new() }
    }

    /// Called once a second; `false` when all is over.
    pub(super) async fn tick(&mut self, scene: &mut Scene<'_>) -> anyhow::Result<bool> {
        // The first second is a good one, to compare with.
        let period = 2 * self.hold;
        let place = self.second.checked_sub(1);
        self.second += 1;
        let Some(place) = place else { return Ok(true) };
        let index = usize::try_from(place / period)?;
        if place % period == 0 {
            self.measure(scene).await;
            let Some(fault) = self.plan.get(index).copied() else { return Ok(false) };
            if !scene.silent {
                let count = self.plan.len();
                terminal::say(&format!("fault {} of {count}, {}: {}", index + 1, fault.name, fault.what));
            }
            let struck = begin(fault, scene).await?;
            self.past.push(struck);
        } else if place % period == self.hold
            && let Some(last) = self.past.last_mut()
        {
            end(last, scene).await?;
        }
        Ok(true)
    }

    /// Ends what is still in force.
    pub(super) async fn stop(&mut self, scene: &mut Scene<'_>) -> anyhow::Result<()> {
        if let Some(last) = self.past.last_mut().filter(|last| last.until == i64::MAX) {
            end(last, scene).await?;
        }
        scene.control.clear_faults().await
    }

    /// What happened up to now belongs to the last fault.
    pub(super) async fn measure(&mut self, scene: &mut Scene<'_>) {
        scene.fleet.measure().await;
        if let Some(last) = self.past.last_mut() {
            last.measured = scene.fleet.measures().minus(&last.before);
        }
    }
}

async fn begin(fault: &'static Fault, scene: &mut Scene<'_>) -> anyhow::Result<Struck> {
    let mut struck = Struck {
        fault,
        from: scene.fleet.reads().now().await?,
        until: i64::MAX,
        times: 0,
        notes: Vec::new(),
        before: scene.fleet.measures(),
        measured: Measures::default(),
        id: None,
        undelivered: 0,
    };
    match fault.name {
        KILL => {
            struck.undelivered = undelivered(scene.control).await?;
            scene.fleet.kill()?;
            struck.times = 1;
        }
        "seller_edit" => {
            struck.notes.push(edit(scene).await?);
            struck.times = 1;
        }
        _ => {
            let mut order: Value = serde_json::from_str(fault.order)?;
            if let Some(market) = fault.market {
                order["market"] = market.name().into();
            }
            let answer = scene.control.post("faults", &order).await?;
            struck.id = answer["id"].as_u64();
            struck.times = u64::from(struck.id.is_none());
        }
    }
    Ok(struck)
}

async fn end(struck: &mut Struck, scene: &mut Scene<'_>) -> anyhow::Result<()> {
    if let Some(id) = struck.id {
        let listed = scene.control.get("faults").await?;
        let mut faults = listed["faults"].as_array().into_iter().flatten();
        if let Some(found) = faults.find(|found| found["id"] == json!(id)) {
            struck.times = found["struck"].as_u64().unwrap_or_default();
        }
        scene.control.end_fault(id).await?;
    }
    match struck.fault.name {
        KILL => {
            let dead = undelivered(scene.control).await? - struck.undelivered;
            scene.fleet.revive().await?;
            struck.notes.push(format!("replica 1 went on alone; {dead} webhooks for replica 2 met nobody"));
        }
        "revoke_token" => {
            let market = struck.fault.market.context("a marketplace")?;
            authorise(market, scene.fleet, scene.control).await?;
        }
        "campaign_lock" | "promotion_lock" => {
            let market = struck.fault.market.context("a marketplace")?;
            let count = push_now(market, scene.fleet).await?;
            struck.notes.push(format!(
                "when the lock was gone, somebody pressed \"push now\": {count} jobs would have waited up to 15 minutes"
            ));
        }
        _ => {}
    }
    struck.until = scene.fleet.reads().now().await?;
    Ok(())
}

/// Attempts to deliver a webhook that failed.
async fn undelivered(control: &Control) -> anyhow::Result<u64> {
    let told = control.get("webhooks").await?;
    let markets = told["markets"].as_array().into_iter().flatten();
    Ok(markets.filter_map(|market| market["counts"]["failed_attempts"].as_u64()).sum())
}

/// What a person does who knows that a lock is gone: the jobs that were put off are taken away, and all figures are told.
async fn push_now(market: Market, fleet: &Fleet) -> anyhow::Result<usize> {
    let shops = fleet.reads().shops().await?;
    let shop = shops.into_iter().find(|shop| shop.channel == market.name()).context("no such shop")?.code;
    let waiting = fleet.api(Method::GET, &format!("/v1/jobs?kind=push_stock&shop={shop}&limit=200")).await?;
    let mut count = 0;
    for job in waiting["data"].as_array().into_iter().flatten() {
        if let Some(id) = job["id"].as_str().filter(|_| job["attempts"].as_i64() > Some(0)) {
            fleet.api(Method::POST, &format!("/v1/jobs/{id}/cancel")).await?;
            count += 1;
        }
    }
    fleet.api(Method::POST, &format!("/v1/shops/{shop}/push")).await?;
    Ok(count)
}

/// Connects the shop of this marketplace, or connects it again.
pub(super) async fn authorise(market: Market, fleet: &Fleet, control: &Control) -> anyhow::Result<()> {
    let channels = fleet.first.channels.as_ref().context("there are no channels")?;
    let hooks = fleet.hooks(market as usize);
    connect(&channels.flows, control, market, &hooks, &fleet.first.url(), ShopSettings::default()).await
}

/// The seller sets something that sells seldom to seven more, and Onhand looks at the listing.
async fn edit(scene: &mut Scene<'_>) -> anyhow::Result<String> {
    let report = scene.control.get("report?history=0").await?;
    let skus = report["skus"].as_array().into_iter().flatten();
    let candidates = skus.filter_map(|sku| {
        let mut listings = sku["listings"].as_array()?.iter();
        let stock = listings.find(|listing| listing["market"] == "lazada")?["stock"].as_i64()?;
        let fits = (10..=60).contains(&stock);
        fits.then(|| Some((sku["ordered"].as_i64()?, sku["seller_sku"].as_str()?.to_owned(), stock)))?
    });
    let (_, code, stock) = candidates.min().context("there is nothing whose figure could be set")?;
    let order = json!({"market": "lazada", "fault": "seller_edit", "seller_sku": code, "stock": stock + 7});
    scene.control.post("faults", &order).await?;
    let reads = scene.fleet.reads();
    let shops = reads.shops().await?;
    let shop = shops.iter().find(|shop| shop.channel == "lazada").context("a shop on Lazada")?.id;
    let filter =
        ListingFilter { shop: Some(shop), seller_sku: Some(code.clone()), ..ListingFilter::default() };
    if let Some(listing) = reads.listings(&filter, 1).await?.rows.into_iter().next() {
        let body = JobBody::ReadBack { shop, unit: listing.unit };
        enqueue(scene.fleet, vec![body]).await?;
    }
    Ok(format!("{code} was set to {} instead of {stock}, and Onhand was asked to look", stock + 7))
}

/// Has these jobs done now.
pub(super) async fn enqueue(fleet: &Fleet, bodies: Vec<JobBody>) -> anyhow::Result<()> {
    let now = fleet.reads().now().await?;
    let job = |body| NewJob { body, class: 1, run_at: now, cause_at: None };
    let jobs = bodies.into_iter().map(job).collect();
    fleet.first.engine().submit(Request::internal(EnqueueJobs { jobs })).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_replica_is_not_killed_and_unknown_faults_are_refused() {
        let names = |plan: Vec<&'static Fault>| plan.iter().map(|fault| fault.name).collect::<Vec<_>>();
        assert_eq!(names(plan(&[], 1).expect("a plan")).len(), FAULTS.len() - 1);
        assert_eq!(names(plan(&[], 2).expect("a plan")).len(), FAULTS.len());
        let of = |name: &str, replicas| plan(&[name.to_owned()], replicas).map(names);
        assert_eq!(of("outage", 1).expect("a plan"), ["outage"]);
        assert!(of("kill_replica", 1).is_err());
        let error = of("earthquake", 2).expect_err("no such fault");
        assert!(error.to_string().contains("latency, throttle"), "{error}");
    }

    #[test]
    fn every_order_is_one_that_the_sandbox_knows() {
        for fault in FAULTS.iter().filter(|fault| !fault.order.is_empty()) {
            let order: onhand_sandbox::FaultOrder = serde_json::from_str(fault.order).expect(fault.name);
            let told = serde_json::to_value(order).expect("JSON");
            assert_eq!(told["fault"], fault.name);
        }
    }
}
