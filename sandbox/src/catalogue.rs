//! The built-in catalogue: a shop for tea and prints, with more than 200 SKUs, most of them variations, one multipack and one
//! bundle. It is the same on the three marketplaces, under the same codes.

use serde::Serialize;

use crate::world::{NewItem, NewVariant, Rng};

/// What the built-in shops sell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Catalogue {
    /// What lies on the shelf. Its codes are those under which the marketplaces list it.
    pub skus: Vec<CatalogueSku>,
    /// Listings that are made of SKUs and have no stock of their own.
    pub packs: Vec<Pack>,
}

/// One thing on the shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CatalogueSku {
    /// The seller's code.
    pub code: String,
    /// For people.
    pub title: String,
    /// In the smallest unit of the currency.
    pub price: i64,
    /// On the shelf at the start, and on every marketplace.
    pub stock: i64,
}

/// A listing that is made of SKUs: with one component it is a multipack, with several a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pack {
    /// The seller's code of the listing.
    pub code: String,
    /// For people.
    pub title: String,
    /// In the smallest unit of the currency.
    pub price: i64,
    /// How many the shelf gives at the start.
    pub stock: i64,
    /// Codes of SKUs, and how many of each are in one pack.
    pub components: Vec<(String, i64)>,
}

const MOTIFS: [(&str, &str); 8] = [
    ("HER", "Heron"),
    ("CRA", "Crane"),
    ("LIN", "Linden"),
    ("FER", "Fern"),
    ("TID", "Tide"),
    ("LAN", "Lantern"),
    ("MOS", "Moss"),
    ("SAL", "Salt"),
];
const COLOURS: [(&str, &str); 3] = [("BLK", "Black"), ("WHT", "White"), ("SAG", "Sage")];
const SIZES: [(&str, &str); 4] = [("S", "Small"), ("M", "Medium"), ("L", "Large"), ("XL", "Extra large")];
const TEAS: [(&str, &str); 6] = [
    ("SEN", "Sencha"),
    ("OOL", "Oolong"),
    ("ASS", "Assam"),
    ("JAS", "Jasmine"),
    ("ROO", "Rooibos"),
    ("MIN", "Mint"),
];
const WEIGHTS: [(&str, &str); 3] = [("050", "50 g"), ("100", "100 g"), ("250", "250 g")];

/// The built-in catalogue: codes and titles are always the same, stock figures follow the seed (from 8 to 90).
pub fn built_in(seed: u64) -> Catalogue {
    let items = single_items(seed);
    let skus: Vec<CatalogueSku> = items
        .iter()
        .flat_map(|item| {
            item.variants.iter().map(|variant| CatalogueSku {
                code: variant.seller_sku.clone(),
                title: title_of(item, variant),
                price: variant.price,
                stock: variant.stock,
            })
        })
        .collect();
    let packs = [
        ("MUG-HER-WHT-X4", "Heron mug, white, set of four", 5_200, vec![("MUG-HER-WHT", 4)]),
        (
            "SET-TEATIME",
            "Tea time: a mug, a tin of sencha and a tray",
            4_900,
            vec![("MUG-TID-BLK", 1), ("TEA-SEN-100", 1), ("TRY-LIN", 1)],
        ),
    ];
    let packs = packs.into_iter().map(|(code, title, price, components)| {
        let there = |code: &str| skus.iter().find(|sku| sku.code == code).map_or(0, |sku| sku.stock);
        Pack {
            code: code.to_owned(),
            title: title.to_owned(),
            price,
            stock: components.iter().map(|(code, each)| there(code) / each).min().unwrap_or(0),
            components: components.into_iter().map(|(code, each)| (code.to_owned(), each)).collect(),
        }
    });
    let packs = packs.collect();
    Catalogue { skus, packs }
}

/// The same as pages of a shop.
pub(crate) fn pages(seed: u64) -> Vec<NewItem> {
    let mut items = single_items(seed);
    for pack in built_in(seed).packs {
        items.push(plain(&pack.code, &pack.title, pack.price, pack.stock));
    }
    items
}

fn single_items(seed: u64) -> Vec<NewItem> {
    let mut rng = Rng::fork(seed, "catalogue");
    let mut stock = || 8 + rng.below(83) as i64;
    let mut items = Vec::new();
    for (code, name) in MOTIFS {
        let mut variants = Vec::new();
        for (colour, colour_name) in COLOURS {
            for (size, size_name) in SIZES {
                variants.push(NewVariant {
                    seller_sku: format!("TEE-{code}-{colour}-{size}"),
                    options: vec![colour_name.to_owned(), size_name.to_owned()],
                    price: 2_490,
                    stock: stock(),
                });
            }
        }
        let axes = vec!["Colour".to_owned(), "Size".to_owned()];
        items.push(NewItem {
            title: format!("{name} T-shirt"),
            seller_sku: format!("TEE-{code}"),
            axes,
            variants,
            kept: None,
        });
    }
    for (code, name) in MOTIFS {
        let of = COLOURS.map(|(colour, colour_name)| (format!("MUG-{code}-{colour}"), colour_name));
        items.push(with_one_axis(
            &format!("{name} mug"),
            &format!("MUG-{code}"),
            "Colour",
            &of,
            1_490,
            &mut stock,
        ));
    }
    for (code, name) in TEAS {
        let of = WEIGHTS.map(|(weight, weight_name)| (format!("TEA-{code}-{weight}"), weight_name));
        items.push(with_one_axis(
            &format!("{name} tea"),
            &format!("TEA-{code}"),
            "Weight",
            &of,
            1_250,
            &mut stock,
        ));
    }
    for (kind, kind_name, price) in [
        ("PRT", "print", 3_900),
        ("TRY", "tray", 2_650),
        ("TWL", "tea towel", 1_150),
        ("CRD", "card", 450),
        ("TOT", "tote bag", 1_850),
        ("CND", "candle", 2_200),
        ("CSH", "cushion", 3_300),
        ("COA", "coaster", 690),
    ] {
        for (code, name) in MOTIFS {
            items.push(plain(&format!("{kind}-{code}"), &format!("{name} {kind_name}"), price, stock()));
        }
    }
    items
}

fn with_one_axis(
    title: &str,
    seller_sku: &str,
    axis: &str,
    variants: &[(String, &str)],
    price: i64,
    stock: &mut impl FnMut() -> i64,
) -> NewItem {
    let variants = variants.iter().map(|(code, option)| NewVariant {
        seller_sku: code.clone(),
        options: vec![(*option).to_owned()],
        price,
        stock: stock(),
    });
    NewItem {
        title: title.to_owned(),
        seller_sku: seller_sku.to_owned(),
        axes: vec![axis.to_owned()],
        variants: variants.collect(),
        kept: None,
    }
}

fn plain(code: &str, title: &str, price: i64, stock: i64) -> NewItem {
    let only = NewVariant { seller_sku: code.to_owned(), options: Vec::new(), price, stock };
    let (title, seller_sku) = (title.to_owned(), code.to_owned());
    NewItem { title, seller_sku, axes: Vec::new(), variants: vec![only], kept: None }
}

fn title_of(item: &NewItem, variant: &NewVariant) -> String {
    if variant.options.is_empty() {
        item.title.clone()
    } else {
        format!("{}, {}", item.title, variant.options.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn at_least_two_hundred_skus_of_different_codes() {
        let catalogue = built_in(1);
        let codes: BTreeSet<&str> = catalogue.skus.iter().map(|sku| sku.code.as_str()).collect();
        assert!(codes.len() >= 200, "{}", codes.len());
        assert_eq!(codes.len(), catalogue.skus.len());
        assert!(catalogue.packs.iter().any(|pack| pack.components.len() == 1), "a multipack");
        assert!(catalogue.packs.iter().any(|pack| pack.components.len() > 1), "a bundle");
        for (code, _) in catalogue.packs.iter().flat_map(|pack| &pack.components) {
            assert!(codes.contains(code.as_str()), "{code}");
        }
        assert!(catalogue.packs.iter().all(|pack| pack.stock > 0));
    }
}
