//! The seller himself.

use serde_json::{Value, json};

use super::auth::short_code;
use super::reply::Refusal;
use super::routes::Visit;

/// What the only warehouse of a seller is called, who has no other.
pub(super) const WAREHOUSE: &str = "dropshipping";

/// `/seller/get`.
pub(super) fn get(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let shop = visit.shop()?;
    Ok(json!({ "data": {
        "seller_id": shop.account,
        "name": shop.name,
        "name_company": shop.name,
        "short_code": short_code(shop),
        "logo_url": "",
        "email": format!("{}@sandbox.example", shop.account),
        "cb": false,
        "location": shop.region,
        "status": "ACTIVE",
        "verified": true,
        "marketplaceEaseMode": false,
    } }))
}

/// `/rc/warehouse/get`.
pub(super) fn warehouses(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let shop = visit.shop()?;
    let warehouse = json!({
        "code": WAREHOUSE, "name": "Main", "detailAddress": "1 Sandbox Road", "country": shop.region, "status": "ACTIVE",
    });
    Ok(json!({ "result": {
        "success": true, "not_success": false, "module": [warehouse], "error_code": null, "repeated": false,
        "retry": false,
    } }))
}
