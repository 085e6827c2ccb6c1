//! Webhooks: how long a marketplace waits for the answer. Each is verified and kept, durably, before it is answered.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::Plan;
use super::push::{NO_LIMITS, SECTION};
use crate::figures::short;
use crate::market::{Goods, Market};
use crate::paced::{Answered, Paced};
use crate::place::{Ground, Kind};
use crate::report::{Baseline, Row, progress};
use crate::server::binary;
use crate::shop::code;
use crate::wire::Template;

/// Webhooks a second.
const RATE: f64 = 200.0;
const CONNECTIONS: usize = 32;
const PAGES: usize = 200;
const PATH: &str = "/hooks/shopee";

pub(super) fn measure(ground: &Ground, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let binary = binary(plan.binary.as_ref())?;
    let mut rows = Vec::new();
    for &kind in &plan.kinds {
        rows.push(webhooks(ground, plan, &binary, kind)?);
    }
    Ok(rows)
}

fn webhooks(ground: &Ground, plan: &Plan, binary: &Path, kind: Kind) -> anyhow::Result<Row> {
    let place = ground.fresh(kind)?;
    let goods = Goods { pages: PAGES, variations: 1, units: 10_000 };
    let market = Market::open(binary, &place, ground.dir(), goods, NO_LIMITS)?;
    let count = (RATE * plan.load.as_secs_f64()) as usize;
    let paced =
        |requests| Paced { address: market.api.address, rate: RATE, connections: CONNECTIONS, requests };
    let body = json!({"lines": [{"sku": code(0), "quantity": 1}]});
    let ping = Template::plain("POST", "/v1/ping", &market.api.api_key, Some(&body)).bytes;
    let pings = paced(vec![ping; count]).run()?;
    pings.expect_success()?;
    // Orders that nobody has told of yet: each webhook names another one, which is then fetched, taken and published.
    market.silence()?;
    let orders = (0..count).map(|number| market.order("shopee", &code(number % PAGES))).collect();
    let placing = Paced { address: market.control.address, rate: 2_000.0, connections: 4, requests: orders };
    placing.run()?.expect_success()?;
    let hooks = paced(signed(&market, count)?).run()?;
    hooks.expect_success()?;
    Ok(row(kind, count, &hooks, &pings))
}

fn row(kind: Kind, count: usize, hooks: &Answered, pings: &Answered) -> Row {
    let p99 = hooks.latencies.percentile(0.99);
    let p50 = hooks.latencies.percentile(0.5);
    progress(&format!("{kind}: {count} webhooks, p50 {p50:.1} ms, p99 {p99:.1} ms"));
    Row {
        section: SECTION,
        name: format!("{kind}, webhook → 2xx, 200/s, p99"),
        value: p99,
        unit: "ms",
        baseline: Some(Baseline {
            name: "POST /v1/ping, 200/s".into(),
            value: pings.latencies.percentile(0.99),
        }),
        aim: "< 100 ms",
        notes: format!(
            "p50 {} ms; an empty request p50 {} ms. Meanwhile the orders are fetched and published",
            short(p50),
            short(pings.latencies.percentile(0.5))
        ),
        ..Row::default()
    }
}

/// A webhook for each of Shopee's newest orders, as Shopee signs them.
fn signed(market: &Market, count: usize) -> anyhow::Result<Vec<Vec<u8>>> {
    let shops = market.shops()?;
    let shop = shops.iter().find(|shop| shop["channel"] == "shopee").context("no shop on Shopee")?;
    let account: u64 = shop["account"].as_str().context("a shop without account")?.parse()?;
    let orders = market.control.get(&format!("/control/orders?market=shopee&limit={count}"))?.body;
    let orders = orders["orders"].as_array().context("no list of orders")?.clone();
    let url = format!("http://{}{PATH}", market.api.address);
    let secret = market.webhook_secret()?;
    // All of them are made before the first is sent; the time in them is the end of it.
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    orders.iter().map(|order| request(market, order, account, seconds, &url, &secret)).collect()
}

fn request(
    market: &Market,
    order: &Value,
    shop: u64,
    seconds: u64,
    url: &str,
    secret: &str,
) -> anyhow::Result<Vec<u8>> {
    let data =
        json!({"ordersn": order["order"], "status": "READY_TO_SHIP", "update_time": seconds, "items": []});
    let body = json!({"code": 3, "shop_id": shop, "timestamp": seconds, "data": data}).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(format!("{url}|{body}").as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: {}\r\nAuthorization: {signature}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        market.api.address,
        body.len()
    );
    Ok([head.into_bytes(), body.into_bytes()].concat())
}
