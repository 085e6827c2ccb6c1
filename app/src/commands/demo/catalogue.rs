//! What the demo sells: simple SKUs, packs of one of them, and bundles of several.

use anyhow::bail;
use serde_json::{Value, json};

use crate::client::{Client, problem_of};

const COLOURS: [&str; 6] = ["Red", "Blue", "Green", "Black", "White", "Sand"];
const SIZES: [&str; 5] = ["XS", "S", "M", "L", "XL"];
const THINGS: [(&str, &str); 7] = [
    ("TEE", "T-shirt"),
    ("HOOD", "Hoodie"),
    ("CAP", "Cap"),
    ("SOCK", "Socks"),
    ("JEAN", "Jeans"),
    ("BAG", "Tote bag"),
    ("BELT", "Belt"),
];
/// Units of each simple SKU at the beginning.
const OPENING: u64 = 120;
/// Packs of six and bundles of three, each.
const VIRTUAL: usize = 20;

/// The codes of everything that can be bought; bestsellers first.
pub(super) struct Catalogue {
    pub(super) codes: Vec<String>,
    pub(super) simple: usize,
}

struct Sku {
    code: String,
    body: Value,
}

fn simple() -> Vec<Sku> {
    let mut skus = Vec::new();
    for size in SIZES {
        for (code, thing) in THINGS {
            for colour in COLOURS {
                let code = format!("{code}-{}-{size}", colour.to_uppercase());
                let body = json!({"sku": code, "name": format!("{thing} {}, {size}", colour.to_lowercase())});
                skus.push(Sku { code, body });
            }
        }
    }
    skus
}

fn virtuals(simple: &[Sku]) -> Vec<Sku> {
    let packs = simple.iter().take(VIRTUAL).map(|one| {
        let code = format!("{}-6PACK", one.code);
        let name = format!("Six times {}", one.code);
        (code, name, vec![json!({"sku": one.code, "quantity": 6})])
    });
    let bundles = simple.windows(3).step_by(3).take(VIRTUAL).enumerate().map(|(index, parts)| {
        let components = parts.iter().map(|part| json!({"sku": part.code, "quantity": 1}));
        (format!("SET-{:02}", index + 1), format!("Gift set {}", index + 1), components.collect())
    });
    packs
        .chain(bundles)
        .map(|(code, name, components): (String, String, Vec<Value>)| {
            let body = json!({"sku": code, "name": name, "components": components});
            Sku { code, body }
        })
        .collect()
}

/// Creates the catalogue and its stock. The keys are fixed: a demo started again on the same data goes on where it was.
pub(super) async fn load(client: &Client) -> anyhow::Result<Catalogue> {
    let simple = simple();
    let virtuals = virtuals(&simple);
    for (name, skus) in [("simple", &simple), ("virtual", &virtuals)] {
        let bodies: Vec<&Value> = skus.iter().map(|sku| &sku.body).collect();
        let key = format!("demo-skus-{name}");
        send(client, "/v1/skus/bulk", &json!({ "skus": bodies }), &key).await?;
    }
    let items: Vec<Value> = simple
        .iter()
        .map(|sku| json!({"action": "adjust", "sku": sku.code, "quantity": OPENING, "reason": "received"}))
        .collect();
    let body = json!({"mode": "independent", "items": items});
    send(client, "/v1/stock/bulk", &body, "demo-opening").await?;
    Ok(Catalogue {
        simple: simple.len(),
        codes: simple.into_iter().chain(virtuals).map(|sku| sku.code).collect(),
    })
}

pub(super) async fn send(client: &Client, path: &str, body: &Value, key: &str) -> anyhow::Result<()> {
    let answer = client.post(path, body, key).await?.into_ok("the demo's catalogue")?;
    for result in answer["results"].as_array().into_iter().flatten() {
        let status = u16::try_from(result["status"].as_u64().unwrap_or_default()).unwrap_or_default();
        let problem = if result["problem"].is_null() { &result["body"] } else { &result["problem"] };
        if status >= 300 && problem["code"] != "sku_exists" {
            bail!("the demo's catalogue: {}", problem_of(status, problem));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_enough_to_look_at_and_no_code_twice() {
        let simple = simple();
        let virtuals = virtuals(&simple);
        let codes: std::collections::BTreeSet<&str> =
            simple.iter().chain(&virtuals).map(|sku| sku.code.as_str()).collect();
        assert!(simple.len() >= 200);
        assert_eq!((virtuals.len(), codes.len()), (2 * VIRTUAL, simple.len() + virtuals.len()));
    }
}
