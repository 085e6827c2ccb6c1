//! Goods that leave, and buyers who want to cancel.

use onhand_connector::{Class, Failure, Shipment};
use serde_json::json;

use super::listings::id;
use super::orders;
use super::session::Session;
use super::wire::{Cancellations, Data, LineItem};

const ORDERS: &str = "/fulfillment/202309/orders";
const PACKAGES: &str = "/fulfillment/202309/packages";
const CANCELLATIONS: &str = "/return_refund/202309/cancellations";

/// With a tracking number the seller ships himself, which one request says. Without, TikTok's carrier takes the packages
/// that it has made for the lines: which those are is asked first.
pub(super) async fn ship(session: &Session<'_>, shipment: &Shipment) -> Result<(), Failure> {
    let reference = id(&shipment.reference)?;
    // The id of a component of a bundle has the SKU behind it.
    let lines: Vec<_> =
        shipment.line_ids.iter().map(|line| line.split(':').next().unwrap_or_default()).collect();
    if let Some(tracking) = &shipment.tracking {
        let mut body = json!({ "tracking_number": tracking });
        if let Some(carrier) = &shipment.carrier {
            body["shipping_provider_id"] = json!(carrier);
        }
        if !lines.is_empty() {
            let mut lines = lines;
            lines.sort_unstable();
            lines.dedup();
            body["order_line_item_ids"] = json!(lines);
        }
        return session.post(&format!("{ORDERS}/{reference}/packages"), Vec::new(), &body).await.map(drop);
    }
    let orders = orders::by_id(session, std::slice::from_ref(&shipment.reference)).await?;
    let gone = || Failure::new(Class::Gone, "order_gone", "the order does not exist (any more)");
    let order = orders.orders.0.first().ok_or_else(gone)?;
    let leaves = |item: &&LineItem| lines.is_empty() || lines.contains(&item.id.as_str());
    let mut packages: Vec<_> =
        order.line_items.0.iter().filter(leaves).map(|item| &item.package_id.0).collect();
    if lines.is_empty() {
        packages.extend(order.packages.0.iter().map(|package| &package.id.0));
    }
    packages.retain(|package| !package.is_empty());
    packages.sort_unstable();
    packages.dedup();
    if packages.is_empty() {
        return Err(Failure::new(Class::Conflict, "no_package", "TikTok has not made a package for it yet"));
    }
    for package in packages {
        let path = format!("{PACKAGES}/{}/ship", id(package)?);
        session.post(&path, Vec::new(), &json!({})).await?;
    }
    Ok(())
}

/// The buyer's wish is an object of its own: it is looked for, then answered.
pub(super) async fn answer_cancel(
    session: &Session<'_>,
    reference: &str,
    accept: bool,
) -> Result<(), Failure> {
    let body = json!({ "order_ids": [id(reference)?] });
    let query = vec![("page_size", "10".to_owned())];
    let found: Data<Cancellations> =
        session.post(&format!("{CANCELLATIONS}/search"), query, &body).await?.parse()?;
    let open = found.data.cancellations.0.into_iter().find(|cancellation| {
        let ours = cancellation.order_id.is_none() || cancellation.order_id.0 == reference;
        ours && cancellation.cancel_status.0 == "CANCELLATION_REQUEST_PENDING"
    });
    let Some(open) = open else {
        return Err(Failure::new(Class::Conflict, "no_request", "nobody waits for an answer (any more)"));
    };
    let verb = if accept { "approve" } else { "reject" };
    let path = format!("{CANCELLATIONS}/{}/{verb}", id(&open.cancel_id.0)?);
    let body = if accept {
        json!({})
    } else {
        json!({ "reject_reason": "seller_reject_apply_product_has_been_packed" })
    };
    session.post(&path, Vec::new(), &body).await.map(drop)
}
