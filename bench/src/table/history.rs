//! The same in a database that has grown.

use std::time::{Duration, Instant};

use onhand_engine::Settings;
use onhand_rules::Command;
use onhand_rules::commands::ChangeStock;

use super::Plan;
use super::ledger::{Cell, Shape, rate, rounds, runtime};
use crate::chance::{Zipf, seed};
use crate::figures::{median, short, thousands};
use crate::place::{Ground, Place};
use crate::report::{Baseline, Row, progress};
use crate::shop::{Shop, code, order, settings};

const CALLERS: usize = 256;
/// Changes in one command while the history is made.
const ITEMS: usize = 1_000;
/// One movement in so many belongs to an order, so that the tables of orders, operations and events grow too.
const ORDER_SHARE: u64 = 10;

pub(super) fn measure(ground: &Ground, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &kind in &plan.kinds {
        let grown = ground.fresh(kind)?;
        fill(&grown, plan.movements)?;
        let cell = |shape| Cell { kind, shape, callers: CALLERS, single: false };
        let shapes = [Shape::Hot, Shape::Zipf];
        let cells: Vec<(Cell, bool)> =
            shapes.iter().flat_map(|&shape| [(cell(shape), false), (cell(shape), true)]).collect();
        let name = |(cell, grown): &(Cell, bool)| format!("{cell}{}", if *grown { ", grown" } else { "" });
        let rates = rounds(&cells, plan.rounds, name, |(cell, in_grown)| {
            if in_grown { rate(&grown, cell, plan.cell) } else { rate(&ground.fresh(kind)?, cell, plan.cell) }
        })?;
        for (shape, rates) in shapes.iter().zip(rates.chunks(2)) {
            rows.push(Row {
                section: "Ledger in process, grown database",
                name: cell(*shape).to_string(),
                value: median(&rates[1]),
                unit: "orders/s",
                rounds: rates[1].clone(),
                baseline: Some(Baseline { name: "empty database".into(), value: median(&rates[0]) }),
                aim: "≥ 80 %",
                less_is_better: false,
                notes: format!("{} movements before", thousands(plan.movements)),
            });
        }
    }
    Ok(rows)
}

/// Makes so many movements over the SKUs of the Zipf shape, as fast as the engine goes.
pub(super) fn fill(place: &Place<'_>, movements: u64) -> anyhow::Result<()> {
    let started = Instant::now();
    let runtime = runtime()?;
    let filled = runtime.block_on(async {
        let skus = Shape::Zipf.skus();
        let shop = Shop::open(place, skus, settings(Settings::default().batch_max)).await?;
        let zipf = Zipf::new(skus, seed());
        let orders = movements / ORDER_SHARE;
        let changes = (movements - orders) / ITEMS as u64;
        // In turns, so that both kinds are spread over the whole history.
        let each = orders / changes.max(1);
        let commands = (0..changes).flat_map(|number| {
            let orders = (0..each).map({
                let zipf = &zipf;
                move |order_number| order(&code(zipf.draw(number * each + order_number)))
            });
            let start = number as usize * ITEMS;
            let items = (0..ITEMS).map(|item| shop.received((start + item) % skus, 1)).collect();
            orders.chain([Command::from(ChangeStock { items })])
        });
        shop.all(commands).await?;
        shop.engine.stop().await;
        anyhow::Ok(())
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    let seconds = started.elapsed().as_secs_f64();
    progress(&format!(
        "made {} movements in {seconds:.0} s ({}/s)",
        thousands(movements),
        short(movements as f64 / seconds)
    ));
    filled
}
