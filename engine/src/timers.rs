//! What happens again and again, once in the fleet: schedules are rows that fire by a command (Q18).
//!
//! Each replica looks every second; whoever is first fires, for the others the row has moved on. What was missed while
//! nobody ran is made up for once.

mod causes;
mod holds;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use onhand_rules::commands::queue::{FireSchedule, PurgeDone};
use onhand_rules::job::NewJob;
use onhand_rules::setting::Setting;
use onhand_rules::shop::ShopState;
use onhand_rules::{JobBody, Millis, Receipt, Shop};
use onhand_store::Outcome;

use crate::ids::chance;
use crate::jobs::{Shared, backoff, within};
use crate::ledger::Request;
use crate::telemetry::ScheduleLabels;

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
/// Finished jobs are kept so long.
const KEEP_DONE: Millis = 7 * 24 * HOUR;
/// Commands of one hourly purge at most: each forgets a thousand.
const PURGES: u32 = 1_000;
/// How often schedules are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Something that happens again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    /// Of the row; `NAME` or `NAME:SHOP`.
    name: String,
    /// Unless the row says otherwise.
    every_ms: Millis,
    /// When it is there for the first time: not before this.
    first_at: Millis,
    /// When it was done last, whoever asked for it: it is not due again before its time from then is over, either.
    done_at: Millis,
    jobs: Vec<NewJob>,
}

/// What fires for a shop: (name, every, class, job).
fn of_shop(shop: &Shop, recovers_webhooks: bool) -> Vec<Plan> {
    let id = shop.id;
    let mut plans = vec![
        ("poll_orders", 10 * MINUTE, 3, JobBody::PollOrders { shop: id }),
        ("poll_returns", HOUR, 4, JobBody::PollReturns { shop: id }),
        ("sweep_drift", MINUTE, 4, JobBody::SweepDrift { shop: id }),
    ];
    if recovers_webhooks {
        plans.push(("recover_webhooks", 10 * MINUTE, 3, JobBody::RecoverWebhooks { shop: id }));
    }
    plans
        .into_iter()
        .map(|(name, every_ms, class, body)| Plan {
            name: format!("{name}:{}", id.0),
            every_ms,
            first_at: shop.created_at + stagger(id.0, MINUTE),
            done_at: 0,
            jobs: vec![NewJob { body, class, run_at: 0, cause_at: None }],
        })
        .chain([import_of(shop), comparison_of(shop)])
        .collect()
}

/// What nobody tells of (a listing that is new, a warehouse that is another) is found within a day. The first import comes
/// with the consent; a day after the last one, whoever asked for it, comes the next.
fn import_of(shop: &Shop) -> Plan {
    let body = JobBody::ImportListings { shop: shop.id };
    let done_at = shop.cursors.imported_at;
    Plan {
        name: format!("import_listings:{}", shop.id.0),
        every_ms: DAY,
        first_at: shop.created_at.max(done_at) + DAY + stagger(shop.id.0, HOUR),
        done_at,
        jobs: vec![NewJob { body, class: 4, run_at: 0, cause_at: None }],
    }
}

/// Orders that webhooks and polls have both missed are found within a day.
fn comparison_of(shop: &Shop) -> Plan {
    let body = JobBody::CompareOrders { shop: shop.id };
    Plan {
        name: format!("compare_orders:{}", shop.id.0),
        every_ms: DAY,
        first_at: shop.created_at + DAY + stagger(shop.id.0, HOUR),
        done_at: 0,
        jobs: vec![NewJob { body, class: 4, run_at: 0, cause_at: None }],
    }
}

/// Shops do not all poll at the same moment: spread over the first minute, or hour, by the golden ratio.
fn stagger(shop: i64, over_ms: Millis) -> Millis {
    let share = shop.rem_euclid(1 << 20) * 618_034 % 1_000_000;
    over_ms * share / 1_000_000
}

/// What fires for nobody in particular. The jobs are done here, not queued.
const WATCH: &str = "watch_shops";
const PURGE: &str = "purge_done";

fn plans(shops: &[Shop], recovers: impl Fn(&str) -> bool) -> Vec<Plan> {
    let plain = |name: &str, every_ms| Plan {
        name: name.into(),
        every_ms,
        first_at: 0,
        done_at: 0,
        jobs: Vec::new(),
    };
    let mut plans = vec![plain(WATCH, MINUTE), plain(PURGE, HOUR)];
    for shop in shops.iter().filter(|shop| shop.state == ShopState::Connected) {
        plans.extend(of_shop(shop, recovers(&shop.channel)));
    }
    plans
}

pub(crate) async fn run(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    let mut failures = 0;
    while stop.borrow_and_update().is_none() {
        let delay = match look(&shared).await {
            Ok(()) => {
                failures = 0;
                LOOK.mul_f64(0.75 + f64::from(chance()) / 131_072.0)
            }
            Err(why) => {
                failures += 1;
                if failures == 1 {
                    tracing::warn!(why, "schedules cannot be looked at; trying again for ever");
                }
                backoff(failures)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn look(shared: &Shared) -> Result<(), String> {
    let reads = shared.engine.reads();
    let now = within(reads.now()).await?;
    let shops = within(reads.shops()).await?;
    let rows: HashMap<String, (Millis, Millis)> = within(reads.settings("schedule:"))
        .await?
        .into_iter()
        .filter_map(|(key, value)| match value {
            Setting::Schedule { every_ms, next_at } => {
                Some((key.strip_prefix("schedule:")?.to_owned(), (every_ms, next_at)))
            }
            _ => None,
        })
        .collect();
    for plan in plans(&shops, |channel| shared.handlers.times(channel).recovers_webhooks) {
        let row = rows.get(&plan.name).copied();
        let Some((fire_at, every_ms)) = due(&plan, row, now) else { continue };
        if fire(shared, &plan, fire_at, every_ms).await? {
            let name = plan.name.split(':').next().unwrap_or_default().to_owned();
            let metrics = &shared.engine.metrics().queue;
            metrics.fired.get_or_create(&ScheduleLabels { schedule: name }).inc();
            if let Some(fire_at) = fire_at {
                metrics.schedule_lag_seconds.set((now - fire_at) as f64 / 1_000.0);
            }
            match plan.name.as_str() {
                WATCH => {
                    watch::shops(shared, &shops, now).await?;
                    holds::ask(shared, &shops, now).await?;
                    causes::settle(shared).await?;
                }
                PURGE => purge(shared, now).await?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// When it was to fire (`None` for the first time) and how often it does, if it is due.
fn due(plan: &Plan, row: Option<(Millis, Millis)>, now: Millis) -> Option<(Option<Millis>, Millis)> {
    match row {
        Some((every_ms, next_at)) => {
            let rests = plan.done_at > 0 && now - plan.done_at < every_ms;
            (next_at <= now && !rests).then_some((Some(next_at), every_ms))
        }
        None => (plan.first_at <= now).then_some((None, plan.every_ms)),
    }
}

/// Whether it was us.
async fn fire(
    shared: &Shared,
    plan: &Plan,
    fire_at: Option<Millis>,
    every_ms: Millis,
) -> Result<bool, String> {
    let command = FireSchedule { name: plan.name.clone(), fire_at, every_ms, jobs: plan.jobs.clone() };
    let answer = shared.engine.submit(Request::internal(command)).await;
    match answer.map_err(|error| error.to_string())?.outcome {
        Outcome::Done(Receipt::Kept { changed, .. }) => Ok(changed),
        other => Err(format!("the schedule {} was answered {other:?}", plan.name)),
    }
}

/// Forgets what was finished a week ago, as long as there is some.
async fn purge(shared: &Shared, now: Millis) -> Result<(), String> {
    let before = now - KEEP_DONE;
    for _ in 0..PURGES {
        let old = within(shared.engine.reads().done_jobs(Some((before, onhand_rules::JobId(0))), 1)).await?;
        if old.rows.is_empty() {
            break;
        }
        let answer = shared.engine.submit(Request::internal(PurgeDone { before })).await;
        answer.map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::a_shop;

    #[test]
    fn b12_what_was_missed_is_due_once_and_the_row_says_how_often() {
        let (name, every_ms) = ("poll_orders:1".to_owned(), 10 * MINUTE);
        let plan = Plan { name, every_ms, first_at: 500, done_at: 0, jobs: Vec::new() };
        assert_eq!(due(&plan, None, 499), None, "staggered");
        assert_eq!(due(&plan, None, 500), Some((None, 10 * MINUTE)));
        assert_eq!(due(&plan, Some((7_000, 1_000)), 999), None);
        assert_eq!(
            due(&plan, Some((7_000, 1_000)), 3 * HOUR),
            Some((Some(1_000), 7_000)),
            "three hours late, once"
        );
    }

    #[test]
    fn listings_are_imported_a_day_after_the_last_time_whoever_asked() {
        let mut shop = a_shop(1, ShopState::Connected, None);
        shop.created_at = HOUR;
        let plan = import_of(&shop);
        let first = plan.first_at;
        assert!((HOUR + DAY..HOUR + DAY + HOUR).contains(&first), "the consent has imported them: {first}");
        assert_eq!((plan.jobs[0].class, plan.jobs.len()), (4, 1));
        assert_eq!(due(&plan, None, first), Some((None, DAY)));
        let fired = Some((DAY, first + DAY));
        assert_eq!(due(&plan, fired, first + DAY), Some((Some(first + DAY), DAY)));
        // A person asked for it meanwhile.
        shop.cursors.imported_at = first + DAY - HOUR;
        let plan = import_of(&shop);
        assert_eq!(due(&plan, fired, first + DAY), None);
        assert_eq!(due(&plan, fired, first + 2 * DAY - HOUR), Some((Some(first + DAY), DAY)));
        let paused = a_shop(2, ShopState::Paused, None);
        let names = |shops: &[Shop]| {
            let imports = |plan: &Plan| plan.name.starts_with("import_listings");
            plans(shops, |_| false).iter().filter(|plan| imports(plan)).count()
        };
        assert_eq!((names(&[shop]), names(&[paused])), (1, 0));
    }

    #[test]
    fn shops_start_apart_and_within_the_first_minute() {
        let mut starts: Vec<Millis> = (1..=20).map(|shop| stagger(shop, MINUTE)).collect();
        assert!(starts.iter().all(|start| (0..MINUTE).contains(start)));
        starts.sort_unstable();
        assert!(starts.windows(2).all(|two| two[1] - two[0] > SECOND), "{starts:?}");
    }
}
