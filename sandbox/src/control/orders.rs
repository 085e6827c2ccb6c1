//! What buyers, sellers and carriers do.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, Refused, Which, shops};
use crate::ids_in_json::Id;
use crate::world::{Actor, Millis, Order, OrderFault, ReturnStatus, ShopKey, Status, Want, World};

/// What a buyer orders.
#[derive(Debug, Deserialize)]
pub(super) struct Cart {
    #[serde(flatten)]
    which: Which,
    lines: Vec<CartLine>,
    /// He pays at once. Else the order waits for `pay`.
    #[serde(default)]
    pay: bool,
    /// He pays on delivery.
    #[serde(default)]
    cod: bool,
    #[serde(default = "somebody")]
    buyer: String,
    /// The answer leaves out the single units.
    #[serde(default)]
    brief: bool,
}

fn somebody() -> String {
    "somebody".to_owned()
}

#[derive(Debug, Deserialize)]
struct CartLine {
    seller_sku: String,
    quantity: i64,
}

pub(super) async fn place(
    State(desk): State<Desk>,
    Json(cart): Json<Cart>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let hub = &desk.hub;
    let key = hub.anywhere(|world, _| cart.which.one(world))?;
    let placed = hub.in_shop(key, |world, now| {
        let wants: Result<Vec<Want>, Refused> = cart
            .lines
            .iter()
            .map(|line| {
                let variant = shops::find(world, key, &line.seller_sku)?;
                Ok(Want { variant, quantity: line.quantity })
            })
            .collect();
        world.place_order(key, &wants?, &cart.buyer, cart.cod, now).map_err(refuse)
    });
    match placed {
        Ok(id) => {
            // A change of its own, so that it is told apart from the order.
            let order = hub.in_shop(key, |world, now| {
                if cart.pay && !cart.cod {
                    world.pay(key, &id, now).map_err(refuse)?;
                }
                world.order(key, &id).map(|order| shown(key, order, cart.brief)).map_err(refuse)
            })?;
            hub.tally.count(key.market, Some(key), |counts| counts.orders += 1);
            Ok((StatusCode::CREATED, Json(order)))
        }
        Err(refused) => {
            if refused.0 == StatusCode::CONFLICT {
                hub.tally.count(key.market, Some(key), |counts| counts.refused += 1);
            }
            Err(refused)
        }
    }
}

/// The newest orders of the shops that fit.
#[derive(Debug, Deserialize)]
pub(super) struct Recent {
    market: Option<crate::world::Market>,
    #[serde(default, with = "crate::ids_in_json::optional")]
    shop: Option<u64>,
    /// At most so many; 100 unless said.
    limit: Option<usize>,
    /// Leave out the single units.
    #[serde(default)]
    brief: bool,
}

pub(super) async fn list(State(desk): State<Desk>, Query(recent): Query<Recent>) -> Json<Value> {
    let which = Which { market: recent.market, shop: recent.shop };
    let orders = desk.hub.anywhere(|world, _| {
        let shops = which.all(world).into_iter().filter_map(|key| world.shop(key));
        let mut orders: Vec<(ShopKey, &Order)> =
            shops.flat_map(|shop| shop.orders.values().map(|order| (shop.key(), order))).collect();
        orders.sort_by(|a, b| b.1.created.cmp(&a.1.created).then_with(|| b.1.id.cmp(&a.1.id)));
        orders.truncate(recent.limit.unwrap_or(100));
        orders.into_iter().map(|(key, order)| shown(key, order, recent.brief)).collect::<Vec<Value>>()
    });
    Json(json!({"orders": orders}))
}

pub(super) async fn one(State(desk): State<Desk>, Path(id): Path<String>) -> Result<Json<Value>, Refused> {
    desk.hub.anywhere(|world, _| {
        let key = owner(world, &id)?;
        world.order(key, &id).map(|order| Json(shown(key, order, false))).map_err(refuse)
    })
}

/// More about what is done; everything is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    /// Only these units; all that can be, without them.
    units: Option<Vec<Id>>,
    reason: Option<String>,
    /// Who cancels: `buyer` unless said.
    by: Option<String>,
}

pub(super) async fn act(
    State(desk): State<Desk>,
    Path((id, action)): Path<(String, String)>,
    body: axum::body::Bytes,
) -> Result<Json<Value>, Refused> {
    let details: Details = if body.is_empty() {
        Details::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| Refused::wrong(&error.to_string()))?
    };
    let key = desk.hub.anywhere(|world, _| owner(world, &id))?;
    desk.hub.in_shop(key, |world, now| {
        perform(world, key, &id, &action, &details, now)?;
        world.order(key, &id).map(|order| Json(shown(key, order, false))).map_err(refuse)
    })
}

fn perform(
    world: &mut World,
    key: ShopKey,
    id: &str,
    action: &str,
    details: &Details,
    now: Millis,
) -> Result<(), Refused> {
    let units: Option<Vec<u64>> =
        details.units.as_ref().map(|units| units.iter().map(|unit| unit.0).collect());
    let units = units.as_deref();
    let reason = details.reason.as_deref().unwrap_or("changed my mind");
    let done = match action {
        "pay" => world.pay(key, id, now),
        "hold" => world.hold(key, id, true, now),
        "release" => world.hold(key, id, false, now),
        "fail_pickup" => world.fail_pickup(key, id, now),
        "invoice" => world.invoice(key, id, now),
        "cancel" => {
            let by = match details.by.as_deref() {
                Some("seller") => Actor::Seller,
                Some("system") => Actor::System,
                _ => Actor::Buyer,
            };
            world.cancel(key, id, units, by, reason, now)
        }
        "request_cancel" => world.ask_cancel(key, id, reason, now),
        "agree_cancel" => world.answer_cancel(key, id, true, now),
        "refuse_cancel" => world.answer_cancel(key, id, false, now),
        "pack" => world.pack(key, id, units, now),
        "ready" => world.ready(key, id, units, now),
        // Nothing leaves unpacked: the parcel's number is made on the way.
        "ship" => match world.pack(key, id, units, now) {
            Ok(()) | Err(OrderFault::WrongStatus(Status::Packed | Status::Ready)) => {
                world.ship(key, id, units, now)
            }
            Err(fault) => Err(fault),
        },
        "deliver" => world.deliver(key, id, now),
        "complete" => world.complete(key, id, now),
        "return" => world.ask_return(key, id, units, reason, now).map(drop),
        "agree_return" => follow_return(world, key, id, ReturnStatus::Agreed, now),
        "refuse_return" => follow_return(world, key, id, ReturnStatus::Refused, now),
        "finish_return" => follow_return(world, key, id, ReturnStatus::Done, now),
        _ => return Err(Refused::missing("there is no such action")),
    };
    done.map_err(refuse)
}

fn follow_return(
    world: &mut World,
    key: ShopKey,
    order: &str,
    status: ReturnStatus,
    now: Millis,
) -> Result<(), OrderFault> {
    let id = world.open_return(key, order).ok_or(OrderFault::NothingAsked)?.id;
    world.move_return(key, id, status, now)
}

fn owner(world: &World, order: &str) -> Result<ShopKey, Refused> {
    let owner = world.shops().find(|shop| shop.orders.contains_key(order));
    owner.map(|shop| shop.key()).ok_or_else(|| Refused::missing("there is no such order"))
}

fn shown(key: ShopKey, order: &Order, brief: bool) -> Value {
    let lines: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            let mut told = json!({
                "seller_sku": line.seller_sku,
                "variant": Id(line.variant),
                "quantity": line.quantity(),
                "cancelled": line.units.iter().filter(|unit| unit.status == Status::Cancelled).count(),
            });
            if !brief {
                let units = line.units.iter().map(|unit| json!({"id": Id(unit.id), "status": unit.status}));
                told["units"] = units.collect();
            }
            told
        })
        .collect();
    json!({
        "order": order.id,
        "market": key.market,
        "shop": Id(key.account),
        "status": order.status(),
        "cod": order.cod,
        "on_hold": order.on_hold,
        "cancel_asked": order.cancel_asked.is_some(),
        "tracking": order.tracking,
        "total": order.total(),
        "created": order.created,
        "updated": order.updated,
        "lines": lines,
    })
}

fn refuse(fault: OrderFault) -> Refused {
    match fault {
        OrderFault::OutOfStock { seller_sku, wanted, left } => Refused::conflict(
            json!({"error": "out_of_stock", "message": "out of stock", "seller_sku": seller_sku, "wanted": wanted, "left": left}),
        ),
        OrderFault::WrongStatus(status) => {
            Refused::conflict(json!({"error": "wrong_status", "status": status}))
        }
        OrderFault::NothingAsked => Refused::conflict(json!({"error": "nothing_asked"})),
        OrderFault::Empty => Refused::wrong("quantities are from 1 to 100,000, and there must be one"),
        OrderFault::NoSuchShop => Refused::missing("there is no such shop"),
        OrderFault::NoSuchOrder => Refused::missing("there is no such order or unit"),
        OrderFault::NoSuchVariant => Refused::missing("there is no such listing for buyers"),
    }
}
