//! Setting what can be ordered: absolute, up to 50 SKUs of any products, as XML in one parameter.

use serde_json::{Value, json};

use crate::hub::WriteFault;
use crate::world::ItemStatus;

use super::reply::Refusal;
use super::routes::Visit;
use super::xml::{self, Element};

/// 20 are recommended and so many are possible.
const MOST_SKUS: usize = 50;

/// Why one SKU was not set.
struct SkuError {
    code: &'static str,
    message: String,
    /// The seller's code, if there is such a SKU, and the id that was given.
    seller_sku: Option<String>,
    sku_id: String,
}

impl SkuError {
    /// The names in these rows differ from case to case on the marketplace, and they do here.
    fn json(&self) -> Value {
        match &self.seller_sku {
            Some(sku) => json!({ "message": self.message, "seller_sku": sku }),
            None => json!({ "message": self.message, "code": self.code, "sku": self.sku_id }),
        }
    }
}

/// `/product/stock/sellable/update`. What becomes of the good SKUs when others fail is not published; here they are set.
pub(super) fn update(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let payload = visit.mandatory("payload")?;
    let request = xml::parse(payload).filter(|root| root.name == "Request");
    let skus = request.as_ref().and_then(|root| root.child("Product")?.child("Skus"));
    let skus = skus.ok_or_else(|| Refusal::caller("5", "E005: Invalid Request Format"))?;
    let skus: Vec<&Element> = skus.children.iter().filter(|child| child.name == "Sku").collect();
    if skus.is_empty() {
        return Err(Refusal::caller("30", "E030: Empty Request"));
    }
    if skus.len() > MOST_SKUS {
        return Err(Refusal::caller("204", "E204: Too many SKU in one request"));
    }
    let mut failing = visit.hub.failing_items(visit.shop);
    let mut errors = Vec::new();
    for sku in &skus {
        let broken = failing > 0;
        failing = failing.saturating_sub(1);
        if let Err(error) = set(visit, sku, broken) {
            errors.push(error);
        }
    }
    match errors.as_slice() {
        [] => Ok(json!({ "data": {} })),
        // A campaign is told by its own code when it is the whole answer.
        [only] if skus.len() == 1 && only.code == "4170" => {
            Err(Refusal::service("4170", only.message.clone()))
        }
        _ => {
            let detail = errors.iter().map(SkuError::json).collect();
            Err(Refusal::service("501", "E501: Update product failed").with_detail(detail))
        }
    }
}

fn set(visit: &mut Visit<'_>, sku: &Element, broken: bool) -> Result<(), SkuError> {
    let sku_id = sku.text_of("SkuId").unwrap_or_default().to_owned();
    let given = sku.text_of("SellerSku").filter(|text| !text.is_empty()).map(str::to_owned);
    let error = |code, message: &str, seller_sku: Option<String>| SkuError {
        code,
        message: message.to_owned(),
        seller_sku,
        sku_id: sku_id.clone(),
    };
    let unknown = || error("207", "E207: SKU not exist", given.clone());
    let shop = visit.world.shop(visit.shop).ok_or_else(unknown)?;
    let known = sku_id.parse().ok().and_then(|id: u64| shop.variant(id));
    let (item, variant) = known.filter(|(item, _)| item.status != ItemStatus::Deleted).ok_or_else(unknown)?;
    if sku.text_of("ItemId") != Some(item.id.to_string().as_str()) {
        return Err(error("208", "E208: Item not exist", given.clone()));
    }
    let (variant, known) = (variant.id, variant.seller_sku.clone());
    let known = Some(known).filter(|sku| !sku.is_empty());
    let error = |code, message: &str| error(code, message, known.clone());
    if broken {
        return Err(error("513", "E513: Internal call exception"));
    }
    if sku.child("MultiWarehouseInventories").is_some() {
        return Err(error("501", "The seller is not a multi-warehouse seller"));
    }
    let quantity = sku.text_of("SellableQuantity").and_then(|text| text.parse::<i64>().ok());
    let quantity = quantity.filter(|quantity| *quantity >= 0);
    let quantity = quantity.ok_or_else(|| error("5", "SellableQuantity must be an integer of at least 0"))?;
    let (hub, now) = (visit.hub, visit.now);
    hub.write_stock(visit.world, visit.shop, variant, quantity, now).map_err(|fault| match fault {
        WriteFault::NoSuchVariant => error("207", "E207: SKU not exist"),
        WriteFault::Negative => error("5", "SellableQuantity must be an integer of at least 0"),
        WriteFault::BelowReserved { reserved } => {
            error("501", &format!("The sellable quantity may not be below the campaign stock {reserved}"))
        }
        WriteFault::CampaignLocked { stock } => error(
            "4170",
            &format!(
                "During the campaign, there are restrictions for stock adjustments in effect. Sellers can increase \
                 stocks, but may not decrease stocks. Current stock: {stock}"
            ),
        ),
        WriteFault::PromotionLocked => error("501", "The SKU is locked by a promotion"),
        WriteFault::Broken => error("513", "E513: Internal call exception"),
    })
}
