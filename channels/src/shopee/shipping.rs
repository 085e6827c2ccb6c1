//! Goods that leave, and buyers who want to cancel.

use onhand_connector::wire::{Flag, List, Text};
use onhand_connector::{Class, Failure, Shipment};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::number;
use super::session::Session;
use super::wire::Wrapped;

const PARAMETERS: &str = "/api/v2/logistics/get_shipping_parameter";
const SHIP: &str = "/api/v2/logistics/ship_order";
const ANSWER_CANCEL: &str = "/api/v2/order/handle_buyer_cancellation";

/// Which ways of handing over the order allows; the empty list of a way means that it needs nothing more.
#[derive(Debug, Deserialize)]
struct Ways {
    info_needed: Needed,
    #[serde(default)]
    pickup: Option<Pickup>,
    #[serde(default)]
    dropoff: Option<Dropoff>,
}

#[derive(Debug, Deserialize)]
struct Needed {
    #[serde(default)]
    pickup: Option<List<Text>>,
    #[serde(default)]
    dropoff: Option<List<Text>>,
    #[serde(default)]
    non_integrated: Option<List<Text>>,
}

#[derive(Debug, Deserialize)]
struct Pickup {
    #[serde(default)]
    address_list: List<Address>,
}

#[derive(Debug, Deserialize)]
struct Address {
    address_id: Text,
    #[serde(default)]
    time_slot_list: List<Slot>,
}

#[derive(Debug, Deserialize)]
struct Slot {
    pickup_time_id: Text,
    #[serde(default)]
    recommended: Flag,
}

#[derive(Debug, Deserialize)]
struct Dropoff {
    #[serde(default)]
    branch_list: List<Branch>,
}

#[derive(Debug, Deserialize)]
struct Branch {
    branch_id: Text,
}

/// Two requests: which ways there are, and the way. The seller's own carrier first when there is a tracking number, then
/// dropping off, then pick-up at the first address in the slot that they recommend.
pub(super) async fn ship(session: &Session<'_>, shipment: &Shipment) -> Result<(), Failure> {
    let query = vec![("order_sn", shipment.reference.clone())];
    let answer = session.get(PARAMETERS, query).await?;
    let ways: Wrapped<Ways> = answer.parse()?;
    let Some((way, details)) = choose(&ways.response, shipment)? else {
        let message = "no way of handing over fits: a tracking number may be missing";
        return Err(answer.failure(Class::Invalid, "no_way", message));
    };
    let mut body = json!({ "order_sn": shipment.reference });
    body[way] = details;
    session.post(SHIP, &body).await.map(drop)
}

fn choose(ways: &Ways, shipment: &Shipment) -> Result<Option<(&'static str, Value)>, Failure> {
    let tracking = shipment.tracking.as_deref();
    let needed = &ways.info_needed;
    if let (Some(_), Some(tracking)) = (&needed.non_integrated, tracking) {
        return Ok(Some(("non_integrated", json!({ "tracking_number": tracking }))));
    }
    let wants = |list: &List<Text>, name: &str| list.0.iter().any(|field| field.0 == name);
    if let Some(fields) = &needed.dropoff {
        let mut details = json!({});
        if wants(fields, "branch_id")
            && let Some(branch) = ways.dropoff.as_ref().and_then(|way| way.branch_list.0.first())
        {
            details["branch_id"] = number(&branch.branch_id.0)?;
        }
        let has_tracking =
            tracking.filter(|_| wants(fields, "tracking_number") || wants(fields, "tracking_no"));
        if let Some(tracking) = has_tracking {
            details["tracking_number"] = json!(tracking);
        }
        return Ok(Some(("dropoff", details)));
    }
    if needed.pickup.is_some()
        && let Some(address) = ways.pickup.as_ref().and_then(|way| way.address_list.0.first())
    {
        let slots = &address.time_slot_list.0;
        let slot = slots.iter().find(|slot| slot.recommended.0).or(slots.first());
        let mut details = json!({ "address_id": number(&address.address_id.0)? });
        if let Some(slot) = slot {
            details["pickup_time_id"] = json!(slot.pickup_time_id.0);
        }
        return Ok(Some(("pickup", details)));
    }
    Ok(None)
}

pub(super) async fn answer_cancel(
    session: &Session<'_>,
    reference: &str,
    accept: bool,
) -> Result<(), Failure> {
    let operation = if accept { "ACCEPT" } else { "REJECT" };
    let body = json!({ "order_sn": reference, "operation": operation });
    session.post(ANSWER_CANCEL, &body).await.map(drop)
}
