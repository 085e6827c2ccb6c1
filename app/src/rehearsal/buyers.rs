//! The buyers: all at once, each with keys of his own, and none gives up because the server is away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::figures::Board;
use super::judge::Word;
use crate::chance::Chance;
use crate::client::{Answer, Client, is_temporary};

/// The one SKU that there is.
pub(super) const SKU: &str = "FLASH";
/// Connections that the crowd shares, as behind a proxy: one for each buyer would be more files than a process may open.
pub(super) const CONNECTIONS: usize = 256;
/// Until an unanswered request is sent again.
const AGAIN: Duration = Duration::from_millis(100);
/// How long after closing time buyers may still wait for answers.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of a hundred who got a unit, so many give it back …
const CANCEL: u64 = 15;
/// … and so many walk away and are never heard of again.
const WALK_AWAY: u64 = 10;

/// A change that was acknowledged: asked again, it must be answered as it was.
#[derive(Debug, Clone)]
pub(super) struct Acknowledged {
    pub(super) path: String,
    pub(super) key: String,
    pub(super) body: Value,
    pub(super) answer: Value,
}

/// What the buyers know.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) told: BTreeMap<String, Word>,
    pub(super) acknowledged: Vec<Acknowledged>,
    /// Orders of buyers who walked away.
    left_behind: Vec<String>,
    /// Requests under way or unanswered, each counted once.
    open: u64,
}

/// Where they buy.
pub(super) struct Floor {
    board: Arc<Board>,
    client: Client,
    /// Asks for the kill.
    kill: mpsc::UnboundedSender<()>,
    connections: Semaphore,
    account: Mutex<Account>,
    closes: Instant,
}

impl Floor {
    pub(super) fn new(board: Arc<Board>, client: Client, kill: mpsc::UnboundedSender<()>) -> Self {
        let seconds = u64::try_from(board.plan().seconds).unwrap_or_default();
        Self {
            closes: Instant::now() + Duration::from_secs(seconds),
            board,
            client,
            kill,
            connections: Semaphore::new(CONNECTIONS),
            account: Mutex::default(),
        }
    }

    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests of which nobody knows what became of them.
    pub(super) fn unknown(&self) -> u64 {
        self.account().open
    }

    /// Sends a change until its outcome is known, under one key. What was not answered is counted. Nothing when there is
    /// no answer long after closing time: then the outcome stays unknown, which the report says.
    async fn settle(&self, path: &str, body: &Value, key: &str) -> anyhow::Result<Option<Answer>> {
        let mut unanswered = false;
        self.account().open += 1;
        while self.closes + PATIENCE > Instant::now() {
            let permit = self.connections.acquire().await?;
            let attempt = self.client.post_once(path, body, key).await;
            drop(permit);
            match attempt {
                Ok(answer) if !is_temporary(answer.status) => {
                    self.account().open -= 1;
                    if unanswered {
                        self.board.count(|counts| match answer.replayed {
                            true => counts.found_done += 1,
                            false => counts.done_after += 1,
                        });
                    }
                    return Ok(Some(answer));
                }
                _ => {
                    if !unanswered {
                        self.board.count(|counts| counts.unanswered += 1);
                    }
                    unanswered = true;
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
        Ok(None)
    }

    /// The same for a change that must be done; it goes into the account.
    async fn must(
        &self,
        path: String,
        body: Value,
        key: String,
        word: Word,
    ) -> anyhow::Result<Option<String>> {
        let Some(answer) = self.settle(&path, &body, &key).await? else { return Ok(None) };
        self.keep(path, body, key, word, answer).map(Some)
    }

    fn keep(
        &self,
        path: String,
        body: Value,
        key: String,
        word: Word,
        told: Answer,
    ) -> anyhow::Result<String> {
        let answer = told.into_ok(&format!("{path} under {key}"))?;
        let id = answer["id"].as_str().context("the answer names no order")?.to_owned();
        let mut account = self.account();
        account.told.insert(id.clone(), word);
        account.acknowledged.push(Acknowledged { path, key, body, answer });
        Ok(id)
    }

    /// One more unit is claimed.
    fn claimed(&self) {
        let plan = self.board.plan();
        let half = u64::try_from(plan.units.min(plan.buyers) / 2).unwrap_or_default().max(1);
        let mut claims = 0;
        self.board.count(|counts| {
            counts.claims += 1;
            counts.held += 1;
            claims = counts.claims;
        });
        if plan.kill && claims == half {
            // Nobody listens any more when it is broken off.
            let _nobody_listens = self.kill.send(());
        }
    }

    async fn give_back(&self, order: &str, key: String) -> anyhow::Result<()> {
        if self.must(format!("/v1/orders/{order}/cancel"), json!({}), key, Word::Released).await?.is_some() {
            self.board.count(|counts| {
                counts.releases += 1;
                counts.held -= 1;
            });
        }
        Ok(())
    }
}

/// Lets everybody in, waits until they have left, and gives back what those held who walked away.
pub(super) async fn crowd(floor: Arc<Floor>) -> anyhow::Result<()> {
    let mut visits = JoinSet::new();
    for number in 0..u64::try_from(floor.board.plan().buyers).unwrap_or_default() {
        let floor = floor.clone();
        visits.spawn(async move { visit(&floor, number).await });
    }
    while let Some(ended) = visits.join_next().await {
        ended.context("a buyer broke")??;
    }
    let left_behind = std::mem::take(&mut floor.account().left_behind);
    let mut releases = JoinSet::new();
    for order in left_behind {
        let floor = floor.clone();
        releases.spawn(async move { floor.give_back(&order, format!("closing-{order}")).await });
    }
    while let Some(ended) = releases.join_next().await {
        ended.context("the shop broke")??;
    }
    Ok(())
}

/// One buyer: wants a unit, tries again while the sale goes on, then pays, gives back or walks away.
async fn visit(floor: &Floor, number: u64) -> anyhow::Result<()> {
    let mut chance = Chance::new((u64::from(floor.board.plan().seed) << 32) | number);
    let Some(order) = claim(floor, number, &mut chance).await? else {
        floor.board.count(|counts| counts.without += 1);
        return Ok(());
    };
    let left = floor.closes.saturating_duration_since(Instant::now());
    let left = u64::try_from(left.as_millis()).unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(chance.below(left * 9 / 10))).await;
    let fate = chance.below(100);
    if fate < CANCEL {
        return floor.give_back(&order, format!("buyer-{number:05}-cancel")).await;
    }
    if fate < CANCEL + WALK_AWAY {
        floor.board.count(|counts| counts.abandoned += 1);
        floor.account().left_behind.push(order);
        return Ok(());
    }
    let key = format!("buyer-{number:05}-pay");
    let paid = json!({"payment_reference": &key});
    if floor.must(format!("/v1/orders/{order}/confirm"), paid, key, Word::Paid).await?.is_some() {
        floor.board.count(|counts| {
            counts.orders += 1;
            counts.held -= 1;
        });
    }
    Ok(())
}

/// Tries to get a unit until closing time; the order's id, if there was one.
async fn claim(floor: &Floor, number: u64, chance: &mut Chance) -> anyhow::Result<Option<String>> {
    for attempt in 0_u32.. {
        let body = json!({"lines": [{"sku": SKU, "quantity": 1}]});
        let key = format!("buyer-{number:05}-{attempt:04}");
        let begun = Instant::now();
        let Some(answer) = floor.settle("/v1/orders", &body, &key).await? else { break };
        floor.board.answered(begun.elapsed());
        if answer.code() != "insufficient_stock" {
            let id = floor.keep("/v1/orders".to_owned(), body, key, Word::Held, answer)?;
            floor.claimed();
            return Ok(Some(id));
        }
        floor.board.count(|counts| counts.refused += 1);
        // Looks again in a while: somebody may have given a unit back.
        let pause = Duration::from_millis(800 + chance.below(1_600));
        if Instant::now() + pause >= floor.closes {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    Ok(None)
}
