//! Writing stock: the absolute sellable quantity, as XML.

use onhand_connector::http::Answer;
use onhand_connector::{Class, Failure, ItemOutcome, PushItem};
use serde_json::Value;

use super::failure::{self, Envelope, class};
use super::session::Session;
use crate::words;

const UPDATE: &str = "/product/stock/sellable/update";
const MOST: usize = 50;
/// "Update failed", with the refused SKUs in `detail`.
const PARTIAL: &str = "501";

pub(super) async fn push(session: &Session<'_>, items: &[PushItem]) -> Result<Vec<ItemOutcome>, Failure> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    if items.len() > MOST {
        return Err(Failure::new(Class::Invalid, "batch", "one write of stock takes at most 50 SKUs"));
    }
    let payload = payload(items)?;
    let answer = session.post_unjudged(UPDATE, vec![("payload", payload)]).await?;
    let envelope: Envelope = answer.parse()?;
    if envelope.code.0 == "0" {
        if let Some(failure) = answer.status_failure() {
            return Err(failure);
        }
        return Ok(items.iter().map(|_| Ok(())).collect());
    }
    let whole = failure::failure(&answer, &envelope);
    if envelope.code.0 == PARTIAL {
        return Ok(partial(&answer, items, &whole));
    }
    // One SKU that does not exist refuses its siblings, too.
    if whole.class == Class::Gone && items.len() > 1 {
        return Ok(items.iter().map(|_| Err(unclear(&whole))).collect());
    }
    Err(whole)
}

/// The refused SKUs as they are; what became of the others nobody says. One alone is refused by whatever stands there.
fn partial(answer: &Answer, items: &[PushItem], whole: &Failure) -> Vec<ItemOutcome> {
    let details = answer.json.get("detail").and_then(Value::as_array).cloned().unwrap_or_default();
    let outcome = |item: &PushItem| {
        let named = details.iter().find(|detail| names(detail, item, items));
        let reason = named.or_else(|| details.first().filter(|_| items.len() == 1));
        let Some(detail) = reason else {
            return Err(if items.len() == 1 { whole.clone() } else { unclear(whole) });
        };
        let message = field(detail, &["message", "msg"]);
        let message = message.as_deref().unwrap_or(&whole.message);
        Err(Failure { request_id: whole.request_id.clone(), ..refused(answer, detail, message) })
    };
    items.iter().map(outcome).collect()
}

fn unclear(whole: &Failure) -> Failure {
    Failure { class: Class::Unclear, code: "batch_refused".into(), ..whole.clone() }
}

fn refused(answer: &Answer, detail: &Value, message: &str) -> Failure {
    let code = field(detail, &["code", "error_code", "biz_code"]);
    // Some write it in the message: `E4170: …`.
    let code = code.or_else(|| {
        let (head, _) = message.split_once(':')?;
        let digits = head.trim().strip_prefix('E')?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.to_owned())
    });
    if let Some(code) = code.filter(|code| code != PARTIAL && code != "0") {
        let (class, code) = class(&code, "", message, None);
        if class != Class::Unclear {
            return answer.failure(class, code, message);
        }
    }
    let class = words::class(message);
    answer.failure(class, words::code(class), message)
}

/// Whether the detail is about this item: by its ids, or by a seller's code that is unique in the batch. Names vary.
fn names(detail: &Value, item: &PushItem, items: &[PushItem]) -> bool {
    if let Some(id) = field(detail, &["sku_id", "skuid"]) {
        return id == item.key.variant;
    }
    let Some(code) = field(detail, &["seller_sku", "sellersku", "sku", "field"]) else { return false };
    let unique = items.iter().filter(|other| other.seller_sku == item.seller_sku).count() == 1;
    (unique && !item.seller_sku.is_empty() && code == item.seller_sku) || code == item.key.variant
}

/// The first of these fields, whatever the case and the underscores of its name, as text.
fn field(detail: &Value, names: &[&str]) -> Option<String> {
    let plain = |name: &str| name.to_ascii_lowercase().replace('_', "");
    let fields = detail.as_object()?;
    names.iter().find_map(|name| {
        let (_, value) = fields.iter().find(|(key, _)| plain(key) == plain(name))?;
        match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    })
}

fn payload(items: &[PushItem]) -> Result<String, Failure> {
    let mut out = String::from("<Request><Product><Skus>");
    for item in items {
        if !(0..=999_999).contains(&item.quantity) {
            return Err(Failure::new(Class::Invalid, "quantity", "stock must be 0 to 999999"));
        }
        out.push_str("<Sku>");
        element(&mut out, "ItemId", &item.key.item);
        element(&mut out, "SkuId", &item.key.variant);
        if !item.seller_sku.is_empty() {
            element(&mut out, "SellerSku", &item.seller_sku);
        }
        stock(&mut out, item);
        out.push_str("</Sku>");
    }
    out.push_str("</Skus></Product></Request>");
    Ok(out)
}

/// Sellers of one warehouse must not name it. Of several, the first one has all of it and the others have none.
fn stock(out: &mut String, item: &PushItem) {
    if item.warehouses.len() < 2 {
        element(out, "SellableQuantity", &item.quantity.to_string());
        return;
    }
    out.push_str("<MultiWarehouseInventories>");
    for (at, place) in item.warehouses.iter().enumerate() {
        out.push_str("<MultiWarehouseInventory>");
        element(out, "WarehouseCode", place);
        element(out, "SellableQuantity", &if at == 0 { item.quantity } else { 0 }.to_string());
        out.push_str("</MultiWarehouseInventory>");
    }
    out.push_str("</MultiWarehouseInventories>");
}

fn element(out: &mut String, name: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // What XML cannot hold (a code with a control character) is dropped: the ids name the SKU.
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    out.push_str(&format!("<{name}>{text}</{name}>"));
}
