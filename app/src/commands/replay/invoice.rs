//! What one invoice means: an order and adjustments, returns, or nothing.

use std::collections::HashMap;

use anyhow::bail;
use serde_json::{Value, json};

use super::rows::Invoice;
use super::tally::{Counts, Kind, Tally};
use crate::client::{Answer, Client, escaped};

/// The channel that replayed orders carry.
const CHANNEL: &str = "replay";

/// What is asked of the server for one invoice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The lines of the order, one for each SKU, in the order of the rows.
    pub(super) order: Vec<(String, i64)>,
    /// Units that come back.
    returns: Vec<(String, i64)>,
    /// Units that go, each below zero.
    adjustments: Vec<(String, i64)>,
    skipped: u64,
}

impl Plan {
    /// What is counted before anything is sent.
    pub(super) fn counts(&self, invoice: &Invoice) -> Counts {
        Counts {
            invoices: 1,
            rows: invoice.rows.len() as u64,
            skipped_rows: self.skipped,
            ..Counts::default()
        }
    }
}

pub(super) fn plan(invoice: &Invoice) -> Plan {
    let mut plan = Plan { order: Vec::new(), returns: Vec::new(), adjustments: Vec::new(), skipped: 0 };
    let cancellation = invoice.number.starts_with('C');
    let accounting = invoice.number.starts_with('A');
    let mut places: HashMap<&str, usize> = HashMap::new();
    for row in &invoice.rows {
        if accounting || row.quantity == 0 || (cancellation && row.quantity > 0) {
            plan.skipped += 1;
        } else if cancellation {
            plan.returns.push((row.sku.clone(), -row.quantity));
        } else if row.quantity < 0 {
            plan.adjustments.push((row.sku.clone(), row.quantity));
        } else {
            let place = *places.entry(&row.sku).or_insert(plan.order.len());
            match plan.order.get_mut(place) {
                Some((_, quantity)) => *quantity += row.quantity,
                None => plan.order.push((row.sku.clone(), row.quantity)),
            }
        }
    }
    plan
}

/// Sends the requests of one invoice, one after the other.
pub(super) async fn replay(client: &Client, tally: &Tally, invoice: &Invoice) -> anyhow::Result<()> {
    let plan = plan(invoice);
    let mut counts = plan.counts(invoice);
    if !plan.order.is_empty() {
        Sender { client, tally, invoice }.order(&plan.order, &mut counts).await?;
    }
    change_stock(client, tally, invoice, &plan, &mut counts).await?;
    tally.add(&counts);
    Ok(())
}

/// What an invoice changes in the stock besides its order: units that go, and units that come back.
pub(super) async fn change_stock(
    client: &Client,
    tally: &Tally,
    invoice: &Invoice,
    plan: &Plan,
    counts: &mut Counts,
) -> anyhow::Result<()> {
    let sender = Sender { client, tally, invoice };
    for (index, (sku, quantity)) in plan.adjustments.iter().enumerate() {
        let body = json!({"sku": sku, "quantity": quantity, "reason": "correction"});
        let answer = sender.stock(Kind::Adjust, &body, &format!("adjust-{index:04}")).await?;
        if answer.is_ok() {
            counts.units_adjusted -= quantity;
        } else if answer.code() == "insufficient_stock" {
            counts.adjustments_refused += 1;
        } else {
            return sender.unexpected("adjust", &answer);
        }
    }
    for (index, (sku, quantity)) in plan.returns.iter().enumerate() {
        let body = json!({"sku": sku, "quantity": quantity, "reason": "return_restock"});
        let answer = sender.stock(Kind::Return, &body, &format!("return-{index:04}")).await?;
        if !answer.is_ok() {
            return sender.unexpected("return", &answer);
        }
        counts.units_returned += quantity;
    }
    Ok(())
}

struct Sender<'a> {
    client: &'a Client,
    tally: &'a Tally,
    invoice: &'a Invoice,
}

impl Sender<'_> {
    /// Keys begin with the place in the file, so that their records lie side by side in the database.
    fn key(&self, step: &str) -> String {
        format!("replay-{:08}-{}:{step}", self.invoice.sequence, escaped(&self.invoice.reference))
    }

    async fn order(&self, lines: &[(String, i64)], counts: &mut Counts) -> anyhow::Result<()> {
        let listed: Vec<Value> =
            lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity})).collect();
        let body = json!({"channel": CHANNEL, "reference": self.invoice.reference, "lines": listed});
        let placed = self.post(Kind::Place, "/v1/orders", &body, "place").await?;
        if placed.code() == "insufficient_stock" {
            counts.orders_refused += 1;
            return Ok(());
        }
        let Some(id) = placed.body["id"].as_str().filter(|_| placed.is_ok()) else {
            return self.unexpected("place", &placed);
        };
        for (kind, step) in [(Kind::Confirm, "confirm"), (Kind::Ship, "ship")] {
            let path = format!("/v1/orders/{id}/{step}");
            let answer = self.post(kind, &path, &json!({}), step).await?;
            if !answer.is_ok() {
                return self.unexpected(step, &answer);
            }
        }
        counts.orders_accepted += 1;
        counts.units_sold += lines.iter().map(|(_, quantity)| quantity).sum::<i64>();
        Ok(())
    }

    async fn stock(&self, kind: Kind, body: &Value, step: &str) -> anyhow::Result<Answer> {
        self.post(kind, "/v1/stock/adjust", body, step).await
    }

    async fn post(&self, kind: Kind, path: &str, body: &Value, step: &str) -> anyhow::Result<Answer> {
        let key = self.key(step);
        self.tally.timed(kind, self.client.post(path, body, &key)).await
    }

    fn unexpected(&self, step: &str, answer: &Answer) -> anyhow::Result<()> {
        let hint = match answer.code() {
            "idempotency_mismatch" | "duplicate_reference" => {
                "; this database holds a replay of another file or of another caller: use a fresh one"
            }
            _ => "",
        };
        bail!(
            "invoice {} ({}), {step}: {}{hint}",
            self.invoice.reference,
            self.invoice.sequence,
            answer.problem()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::Row;
    use super::*;

    fn planned(number: &str, rows: &[(&str, i64)]) -> Plan {
        plan(&Invoice {
            sequence: 1,
            number: number.to_owned(),
            reference: number.to_owned(),
            rows: rows
                .iter()
                .map(|(sku, quantity)| Row { sku: (*sku).to_owned(), quantity: *quantity })
                .collect(),
        })
    }

    fn lines(lines: &[(&str, i64)]) -> Vec<(String, i64)> {
        lines.iter().map(|(sku, quantity)| ((*sku).to_owned(), *quantity)).collect()
    }

    #[test]
    fn an_invoice_is_an_order_and_then_adjustments() {
        let plan = planned("1", &[("B", 2), ("A", 1), ("B", -1), ("C", 0), ("B", 3)]);
        assert_eq!(plan.order, lines(&[("B", 5), ("A", 1)]));
        assert_eq!(plan.adjustments, lines(&[("B", -1)]));
        assert_eq!((plan.returns.len(), plan.skipped), (0, 1));
    }

    #[test]
    fn a_cancellation_brings_back_and_never_sells() {
        let plan = planned("C1", &[("A", -2), ("A", 3), ("B", 0)]);
        assert_eq!(plan.returns, lines(&[("A", 2)]));
        assert_eq!((plan.order.len(), plan.adjustments.len(), plan.skipped), (0, 0, 2));
    }

    #[test]
    fn accounting_is_skipped() {
        let plan = planned("A1", &[("B", 1), ("B", -1)]);
        assert_eq!((plan.order.len(), plan.adjustments.len(), plan.skipped), (0, 0, 2));
    }
}
