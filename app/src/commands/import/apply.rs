//! The file against what the server has: SKUs first, then bundles, then stock, then what is archived.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::bulk::{CHUNK, Item, Sender};
use super::catalogue::{Catalogue, KnownSku};
use super::outcome::{End, Outcomes};
use super::row::{Columns, ImportRow, parse};
use super::table::Table;
use crate::cells::components_to_cell;
use crate::terminal::Progress;

/// One run over one file.
pub(super) struct Import<'a> {
    pub(super) table: &'a Table,
    pub(super) columns: &'a Columns,
    pub(super) catalogue: Catalogue,
    /// The location of rows that name none.
    pub(super) default_location: &'a str,
    pub(super) dry_run: bool,
    pub(super) sender: Sender<'a>,
    pub(super) outcomes: Outcomes,
    pub(super) read: u64,
    pub(super) progress: &'a Progress,
}

/// A change of a SKU and the row that wants it.
struct Update {
    row: usize,
    sku: String,
    body: Value,
}

/// What the first pass leaves for later.
#[derive(Default)]
struct Later {
    simple: Vec<Item>,
    bundles: Vec<Item>,
    updates: Vec<Update>,
    /// After the stock, which an archived SKU cannot receive.
    archivals: Vec<Update>,
}

impl Import<'_> {
    pub(super) async fn run(&mut self) -> anyhow::Result<()> {
        let mut later = Later::default();
        self.skus(&mut later).await?;
        self.create(&mut later.simple).await?;
        self.create(&mut later.bundles).await?;
        self.update(later.updates).await?;
        self.stock().await?;
        self.update(later.archivals).await
    }

    /// The first pass: every row is understood or fails, and simple SKUs are created on the way.
    async fn skus(&mut self, later: &mut Later) -> anyhow::Result<()> {
        let mut claims: HashMap<String, Claim> = HashMap::new();
        let mut places: HashMap<(String, String), u64> = HashMap::new();
        for raw in self.table.rows()?.skip(1) {
            let raw = raw?;
            self.read += 1;
            let row = self.outcomes.begin();
            let wanted = match parse(self.columns, &raw) {
                Ok(wanted) => wanted,
                Err(reason) => {
                    self.outcomes.fail(row, reason);
                    continue;
                }
            };
            let place = (wanted.sku.clone(), self.location_of(&wanted));
            if let Some(line) = places.insert(place, raw.line) {
                self.outcomes.fail(row, format!("line {line} names this SKU and location already"));
                continue;
            }
            if let Some(location) = wanted.location.as_ref()
                && !self.catalogue.locations.contains(location)
            {
                self.outcomes.fail(row, format!("there is no location {location:?}; create it first"));
                continue;
            }
            let claim = claims.entry(wanted.sku.clone()).or_default();
            match claim.merge(&wanted, raw.line) {
                Err(reason) => self.outcomes.fail(row, reason),
                Ok(news) => self.sku(row, &wanted, news, later),
            }
            if later.simple.len() == CHUNK {
                self.create(&mut later.simple).await?;
            }
        }
        Ok(())
    }

    fn location_of(&self, wanted: &ImportRow) -> String {
        wanted.location.as_deref().unwrap_or(self.default_location).to_owned()
    }

    /// Decides what one row means for its SKU. `news` is false when an earlier row said all of it.
    fn sku(&mut self, row: usize, wanted: &ImportRow, news: bool, later: &mut Later) {
        if !news && self.catalogue.skus.contains_key(&wanted.sku) {
            return;
        }
        if let Some(known) = self.catalogue.skus.get(&wanted.sku) {
            let mut body = difference(known, wanted);
            if body.is_empty() {
                return;
            }
            self.outcomes.mark(row, End::Changed);
            self.outcomes.differs(|| format!("SKU {}: {}", wanted.sku, in_words(known, &body)));
            let update = |body| Update { row, sku: wanted.sku.clone(), body: Value::Object(body) };
            if body.get("archived") == Some(&Value::Bool(true)) {
                body.remove("archived");
                later.archivals.push(update(Map::from_iter([("archived".to_owned(), true.into())])));
            }
            if !body.is_empty() {
                later.updates.push(update(body));
            }
            return;
        }
        self.creation(row, wanted, later);
    }

    fn creation(&mut self, row: usize, wanted: &ImportRow, later: &mut Later) {
        self.outcomes.mark(row, End::Created);
        self.outcomes.differs(|| format!("SKU {}: new", wanted.sku));
        let mut known = KnownSku {
            name: wanted.name.clone().unwrap_or_else(|| wanted.sku.clone()),
            backorder_limit: wanted.backorder_limit.unwrap_or_default(),
            components: wanted.components.clone().unwrap_or_default(),
            archived: false,
        };
        known.components.sort();
        let mut body =
            json!({"sku": wanted.sku, "name": known.name, "backorder_limit": known.backorder_limit});
        if wanted.archived == Some(true) {
            later.archivals.push(Update { row, sku: wanted.sku.clone(), body: json!({"archived": true}) });
        }
        if known.components.is_empty() {
            later.simple.push(Item { row, body });
        } else {
            body["components"] = components_json(&known.components);
            later.bundles.push(Item { row, body });
        }
        self.catalogue.skus.insert(wanted.sku.clone(), known);
    }

    /// Creates what has gathered.
    async fn create(&mut self, items: &mut Vec<Item>) -> anyhow::Result<()> {
        for chunk in items.chunks(CHUNK) {
            if self.dry_run {
                for item in chunk {
                    self.check_components(item);
                }
                continue;
            }
            let results = self.sender.create_skus(chunk).await?;
            for (item, result) in chunk.iter().zip(results) {
                if let Some(reason) = result {
                    self.outcomes.fail(item.row, reason);
                }
            }
        }
        items.clear();
        Ok(())
    }

    /// What the server would say of a bundle of something that does not exist.
    fn check_components(&mut self, item: &Item) {
        for component in item.body["components"].as_array().into_iter().flatten() {
            let sku = component["sku"].as_str().unwrap_or_default();
            if !self.catalogue.skus.contains_key(sku) {
                self.outcomes.fail(item.row, format!("there is no SKU {sku:?}; create it first"));
            }
        }
    }

    async fn update(&mut self, updates: Vec<Update>) -> anyhow::Result<()> {
        for update in updates {
            if self.dry_run || self.outcomes.has_failed(update.row) {
                continue;
            }
            if let Some(reason) = self.sender.update_sku(&update.sku, &update.body).await? {
                self.outcomes.fail(update.row, reason);
            }
        }
        Ok(())
    }

    /// The second pass: figures that differ become counts.
    async fn stock(&mut self) -> anyhow::Result<()> {
        let mut items = Vec::new();
        for (row, raw) in self.table.rows()?.skip(1).enumerate() {
            let raw = raw?;
            self.progress.advance(1);
            if self.outcomes.has_failed(row) {
                continue;
            }
            let Ok(wanted) = parse(self.columns, &raw) else { continue };
            let Some(counted) = wanted.on_hand else { continue };
            let location = self.location_of(&wanted);
            let key = (wanted.sku, location);
            let known = self.catalogue.stock.get(&key).copied();
            if known.unwrap_or_default() == counted {
                continue;
            }
            let (sku, location) = key;
            self.outcomes.differs(|| {
                format!("stock of {sku} at {location}: {} → {counted}", known.unwrap_or_default())
            });
            self.outcomes.mark(row, if known.is_some() { End::Changed } else { End::Created });
            let body = json!({"action": "count", "sku": sku, "location": location, "counted": counted});
            items.push(Item { row, body });
            if items.len() == CHUNK {
                self.send_stock(&mut items).await?;
            }
        }
        self.send_stock(&mut items).await
    }

    async fn send_stock(&mut self, items: &mut Vec<Item>) -> anyhow::Result<()> {
        if !self.dry_run && !items.is_empty() {
            let results = self.sender.change_stock(items).await?;
            for (item, result) in items.iter().zip(results) {
                if let Some(reason) = result {
                    self.outcomes.fail(item.row, reason);
                }
            }
        }
        items.clear();
        Ok(())
    }
}

/// What earlier rows of the file said about a SKU, and where.
#[derive(Default)]
struct Claim {
    line: u64,
    name: Option<String>,
    backorder_limit: Option<i64>,
    components: Option<Vec<(String, i64)>>,
    archived: Option<bool>,
}

impl Claim {
    /// Adds a row; whether it said something new. Two rows that contradict each other are an error of the second.
    fn merge(&mut self, row: &ImportRow, line: u64) -> Result<bool, String> {
        fn add<T: Clone + PartialEq>(
            known: &mut Option<T>,
            said: Option<&T>,
            what: &str,
            line: u64,
        ) -> Result<bool, String> {
            match (known.as_ref(), said) {
                (_, None) => Ok(false),
                (Some(known), Some(said)) if known == said => Ok(false),
                (Some(_), Some(_)) => Err(format!("line {line} gives this SKU another {what}")),
                (None, Some(said)) => {
                    *known = Some(said.clone());
                    Ok(true)
                }
            }
        }
        let first = self.line;
        if first == 0 {
            self.line = line;
        }
        let news = [
            add(&mut self.name, row.name.as_ref(), "name", first)?,
            add(&mut self.backorder_limit, row.backorder_limit.as_ref(), "backorder_limit", first)?,
            add(&mut self.components, row.components.as_ref(), "list of components", first)?,
            add(&mut self.archived, row.archived.as_ref(), "value of archived", first)?,
        ];
        Ok(news.contains(&true))
    }
}

fn components_json(components: &[(String, i64)]) -> Value {
    components.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity})).collect()
}

/// What must change, as the body of a request.
fn difference(known: &KnownSku, wanted: &ImportRow) -> Map<String, Value> {
    let mut body = Map::new();
    if let Some(name) = wanted.name.as_ref().filter(|name| **name != known.name) {
        body.insert("name".to_owned(), name.as_str().into());
    }
    if let Some(limit) = wanted.backorder_limit.filter(|limit| *limit != known.backorder_limit) {
        body.insert("backorder_limit".to_owned(), limit.into());
    }
    if let Some(archived) = wanted.archived.filter(|archived| *archived != known.archived) {
        body.insert("archived".to_owned(), archived.into());
    }
    if let Some(components) = &wanted.components {
        let mut sorted = components.clone();
        sorted.sort();
        if sorted != known.components {
            body.insert("components".to_owned(), components_json(&sorted));
        }
    }
    body
}

fn in_words(known: &KnownSku, body: &Map<String, Value>) -> String {
    let parts: Vec<String> = body
        .iter()
        .map(|(field, value)| {
            let before = match field.as_str() {
                "name" => format!("{:?}", known.name),
                "backorder_limit" => known.backorder_limit.to_string(),
                "archived" => known.archived.to_string(),
                _ => components_to_cell(&known.components),
            };
            format!("{field} {before} → {value}")
        })
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: Option<&str>, limit: Option<i64>) -> ImportRow {
        ImportRow {
            sku: "A".to_owned(),
            name: name.map(str::to_owned),
            location: None,
            on_hand: None,
            backorder_limit: limit,
            components: None,
            archived: None,
        }
    }

    #[test]
    fn rows_of_one_sku_may_add_and_must_not_contradict() {
        let mut claim = Claim::default();
        assert_eq!(claim.merge(&row(Some("x"), None), 2), Ok(true));
        assert_eq!(claim.merge(&row(Some("x"), None), 3), Ok(false));
        assert_eq!(claim.merge(&row(None, Some(5)), 4), Ok(true));
        let error = claim.merge(&row(Some("y"), None), 5).expect_err("another name");
        assert_eq!(error, "line 2 gives this SKU another name");
    }

    #[test]
    fn only_what_differs_is_sent() {
        let known = KnownSku {
            name: "x".to_owned(),
            components: vec![("A".to_owned(), 1), ("B".to_owned(), 2)],
            ..KnownSku::default()
        };
        assert!(difference(&known, &row(Some("x"), Some(0))).is_empty());
        assert!(difference(&known, &row(None, None)).is_empty());
        let mut same_parts = row(None, None);
        same_parts.components = Some(vec![("B".to_owned(), 2), ("A".to_owned(), 1)]);
        assert!(difference(&known, &same_parts).is_empty(), "the order of components means nothing");
        let body = difference(&known, &row(Some("y"), None));
        assert_eq!(Value::Object(body), json!({"name": "y"}));
    }
}
