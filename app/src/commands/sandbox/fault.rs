//! `onhand sandbox fault`: faults to order in a sandbox that runs.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use onhand_sandbox::{FaultOrder, Market};
use serde_json::{Map, Value, json};

use crate::markets::control::Control;
use crate::terminal;

/// Order faults in a sandbox that runs, see them, take them away
#[derive(Debug, clap::Args)]
pub(crate) struct FaultDesk {
    #[command(subcommand)]
    action: Action,
    /// The control address of the sandbox, as it told when it started
    // Ids of their own: a global argument is also looked for among those of `onhand sandbox`, which has the same names.
    #[arg(
        id = "fault_control",
        long = "control",
        value_name = "URL",
        default_value = "http://127.0.0.1:7100",
        global = true
    )]
    control: String,
    /// Print one JSON object
    #[arg(id = "fault_json", long = "json", global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Order a fault, such as `outage` or `latency --ms 300`
    Set(Box<Order>),
    /// Show the faults that are in force
    List(Place),
    /// Take one fault away by its number, or all of a marketplace or a shop, or all
    Clear {
        /// Its number, as the list shows it
        id: Option<u64>,
        #[command(flatten)]
        place: Place,
    },
}

/// Which marketplace and which shop.
#[derive(Debug, Default, clap::Args)]
struct Place {
    /// Only on this marketplace: shopee, tiktok or lazada
    #[arg(long, value_name = "NAME")]
    market: Option<String>,
    /// Only in the shop with this account number
    #[arg(long, value_name = "ACCOUNT")]
    shop: Option<u64>,
}

#[derive(Debug, clap::Args)]
struct Order {
    /// Its name, for example outage, throttle, latency, drop_webhooks, expire_token, clock_skew
    fault: String,
    #[command(flatten)]
    place: Place,
    /// It ends after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    for_seconds: Option<f64>,
    /// It strikes so many times
    #[arg(long, value_name = "N")]
    count: Option<u32>,
    /// Milliseconds: of latency, of a delay, of a clock that is ahead (or behind, when negative)
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    ms: Option<i64>,
    /// Share of the messages, from 0 to 1
    #[arg(long, value_name = "SHARE")]
    share: Option<f64>,
    /// Variants of a write that fail
    #[arg(long, value_name = "N")]
    items: Option<u32>,
    /// The listing that it is about, by the seller's code
    #[arg(long, value_name = "CODE")]
    seller_sku: Option<String>,
    /// What the seller sets its stock to
    #[arg(long, value_name = "UNITS")]
    stock: Option<i64>,
}

impl Place {
    /// Refuses a marketplace that there is none of.
    fn checked(&self) -> anyhow::Result<Option<&'static str>> {
        let Some(name) = &self.market else { return Ok(None) };
        let known = Market::ALL.into_iter().map(Market::name).find(|known| known == name);
        let Some(known) = known else {
            bail!("there is no marketplace {name:?}; there are shopee, tiktok and lazada");
        };
        Ok(Some(known))
    }

    /// Whether a fault is one of this place.
    fn has(&self, fault: &Value) -> bool {
        self.market.as_deref().is_none_or(|name| fault["market"] == name)
            && self.shop.is_none_or(|shop| number(&fault["shop"]) == Some(shop))
    }
}

impl Order {
    /// The body of the request. What the sandbox would not understand is said here, with what it would.
    fn body(&self) -> anyhow::Result<Value> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            body.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("fault", Some(json!(self.fault)));
        put("market", self.place.checked()?.map(Value::from));
        put("shop", self.place.shop.map(Value::from));
        put("for_seconds", self.for_seconds.map(Value::from));
        put("count", self.count.map(Value::from));
        put("ms", self.ms.map(Value::from));
        put("share", self.share.map(Value::from));
        put("items", self.items.map(Value::from));
        put("seller_sku", self.seller_sku.clone().map(Value::from));
        put("stock", self.stock.map(Value::from));
        let body = Value::Object(body);
        serde_json::from_value::<FaultOrder>(body.clone()).context("this fault cannot be ordered")?;
        Ok(body)
    }
}

/// Ids are numbers, or texts where they are long.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

pub(super) async fn run(desk: FaultDesk) -> anyhow::Result<()> {
    let control = Control::new(desk.control.trim_end_matches('/'))?;
    match desk.action {
        Action::Set(order) => {
            let body = order.body()?;
            let told = control.post("faults", &body).await.with_context(|| nobody(&desk.control))?;
            if desk.json {
                return terminal::say_json(&told);
            }
            terminal::say(&match told["id"].as_u64() {
                Some(id) => format!("{id}: {} is in force", order.fault),
                None => format!("{} has happened", order.fault),
            });
        }
        Action::List(place) => {
            let faults = in_force(&control, &desk.control, &place).await?;
            if desk.json {
                return terminal::say_json(&json!({ "faults": faults }));
            }
            let lines = faults.iter().map(line).collect::<Vec<_>>();
            terminal::say(&if lines.is_empty() { "nothing is wrong".to_owned() } else { lines.join("\n") });
        }
        Action::Clear { id, place } => {
            let mut faults = in_force(&control, &desk.control, &place).await?;
            faults.retain(|fault| id.is_none_or(|id| fault["id"].as_u64() == Some(id)));
            if let (Some(id), true) = (id, faults.is_empty()) {
                bail!("there is no fault {id} here, or it has ended");
            }
            for id in faults.iter().filter_map(|fault| fault["id"].as_u64()) {
                control.end_fault(id).await?;
            }
            if desk.json {
                return terminal::say_json(&json!({ "cleared": faults }));
            }
            terminal::say(&format!("{} taken away", faults.len()));
        }
    }
    Ok(())
}

async fn in_force(control: &Control, address: &str, place: &Place) -> anyhow::Result<Vec<Value>> {
    place.checked()?;
    let told = control.get("faults").await.with_context(|| nobody(address))?;
    let mut faults = told["faults"].as_array().cloned().unwrap_or_default();
    faults.retain(|fault| place.has(fault));
    Ok(faults)
}

fn nobody(address: &str) -> String {
    format!("the sandbox at {address} does not do it; --control names another")
}

/// A fault for people: its number, what, where, and how often it struck.
fn line(fault: &Value) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let place = match (fault["market"].as_str(), number(&fault["shop"])) {
        (Some(market), Some(shop)) => format!("{market} {shop}"),
        (Some(market), None) => market.to_owned(),
        (None, Some(shop)) => format!("shop {shop}"),
        (None, None) => "everywhere".to_owned(),
    };
    let told = ["id", "fault", "market", "shop", "struck"];
    let more = fault.as_object().into_iter().flatten();
    let more = more.filter(|(name, value)| !told.contains(&name.as_str()) && !value.is_null());
    let more: String = more.map(|(name, value)| format!(", {name} {}", plain(value))).collect();
    format!("{}: {} {place}{more}; struck {} times", fault["id"], plain(&fault["fault"]), fault["struck"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(fault: &str) -> Order {
        Order {
            fault: fault.to_owned(),
            place: Place::default(),
            for_seconds: None,
            count: None,
            ms: None,
            share: None,
            items: None,
            seller_sku: None,
            stock: None,
        }
    }

    #[test]
    fn what_the_sandbox_would_not_understand_is_said_before() {
        let latency = Order { ms: Some(300), ..order("latency") };
        assert_eq!(latency.body().unwrap(), json!({"fault": "latency", "ms": 300}));
        for (wrong, says) in [
            (order("latency"), "missing field `ms`"),
            (order("landslide"), "unknown variant `landslide`"),
            (Order { ms: Some(-5), ..order("latency") }, "invalid value"),
        ] {
            let told = format!("{:#}", wrong.body().unwrap_err());
            assert!(told.contains(says), "{told}");
        }
        let place = Place { market: Some("amazon".to_owned()), shop: None };
        assert!(Order { place, ..order("outage") }.body().is_err());
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        let fault =
            json!({"id": 3, "fault": "latency", "ms": 9, "market": "shopee", "shop": "12", "struck": 0});
        assert_eq!(line(&fault), "3: latency shopee 12, ms 9; struck 0 times");
        let place = |market: Option<&str>, shop| Place { market: market.map(str::to_owned), shop };
        assert!(place(None, Some(12)).has(&fault) && place(Some("shopee"), None).has(&fault));
        assert!(!place(None, Some(13)).has(&fault) && !place(Some("lazada"), Some(12)).has(&fault));
    }
}
