//! What the clients asked, what they were told, and what stock must follow from it.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::{Value, json};

use crate::wire::{Answer, Template};

/// One request. It can be made again exactly from this.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    /// Lines of (SKU, units), held or confirmed at once.
    Place {
        lines: Vec<(String, i64)>,
        confirm: bool,
    },
    Confirm {
        order: String,
    },
    Adjust {
        sku: String,
        delta: i64,
    },
}

impl Asked {
    pub(super) fn request(&self, api_key: &str, key: &str) -> Template {
        let (path, body) = match self {
            Self::Place { lines, confirm } => {
                let lines: Vec<Value> =
                    lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity})).collect();
                // The longest hold, so that none ends while the test runs.
                let body = if *confirm {
                    json!({"lines": lines, "confirm": true})
                } else {
                    json!({"lines": lines, "ttl_s": 604_800})
                };
                ("/v1/orders".to_owned(), body)
            }
            Self::Confirm { order } => (format!("/v1/orders/{order}/confirm"), json!({})),
            Self::Adjust { sku, delta } => (
                "/v1/stock/adjust".to_owned(),
                json!({"sku": sku, "quantity": delta, "reason": "correction"}),
            ),
        };
        Template::keyed("POST", &path, api_key, Some(key), &body)
    }
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) status: u16,
    /// Of the body; for a problem without the id of the request, which is another one each time.
    print: u64,
    /// The order's id, where the answer is about one.
    pub(super) order: Option<String>,
}

impl Told {
    /// `None` if the answer leaves open whether the request will be done: then it counts as unknown.
    pub(super) fn of(answer: &Answer<'_>) -> Option<Self> {
        if answer.status >= 500 {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        let parsed = answer.json().ok()?;
        if answer.status >= 400 {
            let mut problem = parsed.clone();
            problem.as_object_mut()?.remove("request_id");
            problem.to_string().hash(&mut hasher);
        } else {
            answer.body.hash(&mut hasher);
        }
        let order = parsed["id"].as_str().filter(|_| parsed["object"] == "order");
        Some(Self { status: answer.status, print: hasher.finish(), order: order.map(str::to_owned) })
    }

    fn done(&self) -> bool {
        self.status < 300
    }
}

/// One request under one key.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) key: String,
    pub(super) asked: Asked,
    /// `None` while nobody knows.
    pub(super) told: Option<Told>,
}

/// What the figures of one SKU must be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) on_hand: i64,
    pub(super) reserved: i64,
    pub(super) allocated: i64,
}

impl Figures {
    pub(super) fn available(&self) -> i64 {
        self.on_hand - self.reserved - self.allocated
    }
}

/// The sum of everything that was told.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) figures: BTreeMap<String, Figures>,
    /// Lines of orders that are held.
    held: HashMap<String, Vec<(String, i64)>>,
    /// Confirmations told before the placing that they confirm was resolved.
    early: Vec<String>,
}

impl Account {
    /// Takes the records of a round, all of which are known by now.
    pub(super) fn take(&mut self, records: &[Record]) {
        for record in records {
            let Some(told) = record.told.as_ref().filter(|told| told.done()) else {
                continue;
            };
            match &record.asked {
                Asked::Adjust { sku, delta } => self.of(sku).on_hand += delta,
                Asked::Place { lines, confirm } => {
                    for (sku, units) in lines {
                        let figures = self.of(sku);
                        *(if *confirm { &mut figures.allocated } else { &mut figures.reserved }) += units;
                    }
                    if let (false, Some(order)) = (*confirm, &told.order) {
                        self.held.insert(order.clone(), lines.clone());
                    }
                }
                Asked::Confirm { order } => self.early.push(order.clone()),
            }
        }
        for order in std::mem::take(&mut self.early) {
            // Confirming twice is no error and moves nothing the second time.
            for (sku, units) in self.held.remove(&order).unwrap_or_default() {
                let figures = self.of(&sku);
                figures.reserved -= units;
                figures.allocated += units;
            }
        }
    }

    fn of(&mut self, sku: &str) -> &mut Figures {
        if !self.figures.contains_key(sku) {
            self.figures.insert(sku.to_owned(), Figures::default());
        }
        // Present since the line above; a default for the impossible keeps this free of panics.
        self.figures.entry(sku.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, order: Option<&str>) -> Option<Told> {
        Some(Told { status, print: 0, order: order.map(str::to_owned) })
    }

    fn record(asked: Asked, told: Option<Told>) -> Record {
        Record { key: String::new(), asked, told }
    }

    #[test]
    fn the_account_follows_what_was_told() {
        let sku = || "A".to_owned();
        let place = |units, confirm| Asked::Place { lines: vec![(sku(), units)], confirm };
        let mut account = Account::default();
        account.take(&[
            record(Asked::Adjust { sku: sku(), delta: 10 }, told(200, None)),
            record(Asked::Confirm { order: "o1".into() }, told(200, Some("o1"))),
            record(place(3, false), told(201, Some("o1"))),
            record(place(2, false), told(201, Some("o2"))),
            record(place(1, true), told(201, Some("o3"))),
            record(place(9, false), told(409, None)),
            record(place(4, false), None),
        ]);
        let figures = account.figures["A"];
        assert_eq!(figures, Figures { on_hand: 10, reserved: 2, allocated: 4 });
        assert_eq!(figures.available(), 4);
    }
}
