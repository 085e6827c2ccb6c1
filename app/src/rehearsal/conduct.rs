//! The course of a rehearsal, from the empty database to the report.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use onhand_api::rehearsal::{Figures, Report};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::buyers::{self, Acknowledged, CONNECTIONS, Floor, SKU};
use super::figures::Board;
use super::judge::{Evidence, Word, judge};
use super::server::Server;
use crate::client::Client;
use crate::commands::verify;

/// Between two points of the course.
const TICK: Duration = Duration::from_millis(500);
/// How long the server stays dead: as long as a supervisor takes to notice.
const DEAD: Duration = Duration::from_secs(1);
/// For how long a request of ours is sent again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Requests at once when everything is asked again.
const ASKING: usize = 32;

/// Runs it to its end, which the board shows. Dropping it ends the server and removes the data.
pub(super) async fn conduct(
    board: Arc<Board>,
    kill: mpsc::UnboundedSender<()>,
    kills: mpsc::UnboundedReceiver<()>,
) {
    let result = run(&board, kill, kills).await;
    board.end(result);
}

async fn run(
    board: &Arc<Board>,
    kill: mpsc::UnboundedSender<()>,
    mut kills: mpsc::UnboundedReceiver<()>,
) -> anyhow::Result<Report> {
    let mut server = Server::start().await?;
    let ours = Client::new(&server.url(), server.api_key(), ASKING, PATIENCE)?;
    stock(&ours, board.plan().units).await?;
    let client = Client::new(&server.url(), server.api_key(), CONNECTIONS, PATIENCE)?;
    board.open();
    let floor = Arc::new(Floor::new(board.clone(), client, kill));
    let mut crowd = JoinSet::new();
    crowd.spawn(buyers::crowd(floor.clone()));
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    ticks.tick().await;
    loop {
        tokio::select! {
            Some(ended) = crowd.join_next() => {
                ended.context("the crowd broke")??;
                break;
            }
            Some(()) = kills.recv() => {
                server.kill()?;
                board.killed();
                board.point(None);
                tokio::time::sleep(DEAD).await;
                board.back(server.restart().await?);
                // A second press meant the server that is dead.
                while kills.try_recv().is_ok() {}
            }
            _ = ticks.tick() => {
                server.check()?;
                board.point(figures(&ours).await.ok().map(|figures| figures.available));
            }
        }
    }
    board.point(Some(figures(&ours).await?.available));
    board.close();
    let evidence = gather(&Arc::new(ours), &floor).await?;
    Ok(judge(board.plan(), &board.counts(), &evidence))
}

/// The one SKU and its units.
async fn stock(client: &Client, units: i64) -> anyhow::Result<()> {
    client.post("/v1/skus", &json!({"sku": SKU}), "sku").await?.into_ok("the SKU")?;
    let received = json!({"sku": SKU, "quantity": units, "reason": "received"});
    client.post("/v1/stock/adjust", &received, "stock").await?.into_ok("the goods")?;
    Ok(())
}

async fn figures(client: &Client) -> anyhow::Result<Figures> {
    let row = client.get(&format!("/v1/stock/{SKU}/main")).await?;
    let figure = |name: &str| row[name].as_i64().with_context(|| format!("no {name} in {row}"));
    Ok(Figures {
        on_hand: figure("on_hand")?,
        reserved: figure("reserved")?,
        allocated: figure("allocated")?,
        available: figure("available")?,
    })
}

/// What the server has, and whether it answers as before.
async fn gather(client: &Arc<Client>, floor: &Floor) -> anyhow::Result<Evidence> {
    let (told, acknowledged) = {
        let mut account = floor.account();
        (std::mem::take(&mut account.told), std::mem::take(&mut account.acknowledged))
    };
    let asked_again = acknowledged.len() as u64;
    let answered_differently = ask_again(client, acknowledged).await?;
    let kept = orders(client).await?;
    let verified = verify::ask(client).await?;
    Ok(Evidence {
        told,
        kept,
        asked_again,
        answered_differently,
        unknown: floor.unknown(),
        stock: figures(client).await?,
        violations: verified["violations_total"].as_u64().context("verify counts no violations")?,
        movements: verified["checked"]["movements"].as_u64().context("verify counts no movements")?,
    })
}

/// Sends every acknowledged change again under its key; how many were not answered exactly as before, or done anew.
async fn ask_again(client: &Arc<Client>, acknowledged: Vec<Acknowledged>) -> anyhow::Result<u64> {
    let share = acknowledged.len().div_ceil(ASKING).max(1);
    let mut asking = JoinSet::new();
    for part in acknowledged.chunks(share) {
        let (client, part) = (client.clone(), part.to_vec());
        asking.spawn(async move {
            let mut different = 0;
            for change in part {
                let again = client.post(&change.path, &change.body, &change.key).await?;
                let same = again.is_ok() && again.replayed && again.body == change.answer;
                different += u64::from(!same);
            }
            anyhow::Ok(different)
        });
    }
    let mut different = 0;
    while let Some(ended) = asking.join_next().await {
        different += ended??;
    }
    Ok(different)
}

/// Every order that the server has.
async fn orders(client: &Client) -> anyhow::Result<BTreeMap<String, Word>> {
    let mut orders = BTreeMap::new();
    let mut list = client.list("/v1/orders");
    while let Some(rows) = list.next().await? {
        for row in rows {
            orders.insert(id_of(&row)?, word_of(&row)?);
        }
    }
    Ok(orders)
}

fn id_of(order: &Value) -> anyhow::Result<String> {
    Ok(order["id"].as_str().context("an order without an id")?.to_owned())
}

fn word_of(order: &Value) -> anyhow::Result<Word> {
    Ok(match order["state"].as_str() {
        Some("pending") => Word::Held,
        Some("confirmed") => Word::Paid,
        Some("cancelled") => Word::Released,
        other => bail!("an order in the state {other:?}"),
    })
}
