//! Ordering faults.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Desk, Refused, Which, shops};
use crate::faults::{Fault, FaultOrder};
use crate::world::{Cause, What};

pub(super) async fn list(State(desk): State<Desk>) -> Json<Value> {
    Json(json!({"faults": desk.hub.faults.list()}))
}

/// Takes the order of a fault. One that happens at once has happened when this answers.
pub(super) async fn order(
    State(desk): State<Desk>,
    Json(order): Json<FaultOrder>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let hub = &desk.hub;
    let which = Which { market: order.market, shop: order.shop };
    let keys = hub.anywhere(|world, _| which.all(world));
    if keys.is_empty() {
        return Err(Refused::missing("there is no such shop"));
    }
    let at_once = match &order.fault {
        Fault::ExpireToken => {
            for key in keys {
                hub.in_shop(key, |world, now| {
                    if let Some(shop) = world.shop_mut(key) {
                        shop.credentials.expire_access(now);
                    }
                });
            }
            true
        }
        Fault::RevokeToken => {
            for key in keys {
                hub.in_shop(key, |world, now| {
                    if let Some(shop) = world.shop_mut(key) {
                        shop.credentials.revoke();
                    }
                    world.note(key, now, What::Deauthorised { expired: false });
                });
            }
            true
        }
        Fault::SellerEdit { seller_sku, stock } => {
            for key in keys {
                hub.in_shop(key, |world, now| {
                    let variant = shops::find(world, key, seller_sku)?;
                    let set = world.set_stock(key, variant, *stock, Cause::SellerEdit, now);
                    set.map_err(|_| Refused::wrong("the stock cannot be set to this"))
                })?;
            }
            true
        }
        _ => false,
    };
    if at_once {
        return Ok((StatusCode::OK, Json(json!({"done": true}))));
    }
    let id = hub.faults.add(order);
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

/// Takes all away.
pub(super) async fn clear(State(desk): State<Desk>) -> StatusCode {
    desk.hub.faults.clear();
    StatusCode::NO_CONTENT
}

pub(super) async fn remove(State(desk): State<Desk>, Path(id): Path<u64>) -> Result<StatusCode, Refused> {
    if desk.hub.faults.remove(id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refused::missing("there is no such fault, or it has ended"))
    }
}
