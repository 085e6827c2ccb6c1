//! Notices of jobs that died: each is over when nothing is left of its cause.

use std::collections::{BTreeMap, BTreeSet};

use onhand_rules::commands::queue::SettleCause;
use onhand_rules::job::kind_name;
use onhand_rules::notice::NoticeKind;
use onhand_rules::retry::cause;
use onhand_store::{JobFilter, NoticeFilter};

use crate::jobs::{Shared, within};
use crate::ledger::Request;

/// Rows read at once.
const PAGE: usize = 1_000;
/// Jobs of a kind that are looked through for repetitions at most: where more are to be done, its notices wait.
const REPETITIONS: i64 = 20_000;

/// Closes the notices of causes of which every dead job was discarded, or replayed and is done. What is read here decides
/// nothing: whoever dies of it meanwhile has counted the notice's version up.
pub(super) async fn settle(shared: &Shared) -> Result<(), String> {
    let notices = open(shared).await?;
    if notices.is_empty() {
        return Ok(());
    }
    let groups = within(shared.engine.reads().dead_groups()).await?;
    let left: BTreeSet<String> =
        groups.iter().map(|group| cause(group.kind, group.class, &group.code)).collect();
    let mut repeating = BTreeMap::new();
    for (subject, version) in notices {
        let kind = subject.split(':').next().unwrap_or_default().to_owned();
        if left.contains(&subject) || repeats(shared, &mut repeating, kind).await? {
            continue;
        }
        let answer = shared.engine.submit(Request::internal(SettleCause { subject, version })).await;
        answer.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Subjects and versions of those that are open.
async fn open(shared: &Shared) -> Result<Vec<(String, i64)>, String> {
    let kind = Some(NoticeKind::RetriesExhausted);
    let mut filter = NoticeFilter { open: Some(true), kind, ..NoticeFilter::default() };
    let mut open = Vec::new();
    loop {
        let page = within(shared.engine.reads().notices(&filter, PAGE)).await?;
        filter.before = page.rows.last().map(|notice| (notice.last_at, notice.key.clone()));
        open.extend(page.rows.into_iter().map(|notice| (notice.subject, notice.version)));
        if !page.more {
            return Ok(open);
        }
    }
}

/// Whether a job of this kind that repeats a dead one is not done yet. Of which cause that one died is not asked: nothing
/// but the time at which a notice closes hangs on it. `known`: of kinds that were looked at already.
async fn repeats(shared: &Shared, known: &mut BTreeMap<String, bool>, kind: String) -> Result<bool, String> {
    if let Some(repeats) = known.get(&kind) {
        return Ok(*repeats);
    }
    let reads = shared.engine.reads();
    let counts = within(reads.job_counts()).await?;
    let of_kind: Vec<_> = counts.into_iter().filter(|count| kind_name(count.kind) == kind).collect();
    let many = of_kind.iter().map(|count| count.count).sum::<i64>() > REPETITIONS;
    let kinds: BTreeSet<i16> = of_kind.iter().map(|count| count.kind).collect();
    let mut found = many;
    let mut filter = JobFilter { kinds: kinds.into_iter().collect(), ..JobFilter::default() };
    // No kinds would mean all of them.
    while !found && !filter.kinds.is_empty() {
        let page = within(reads.jobs(&filter, PAGE)).await?;
        found = page.rows.iter().any(|job| job.replay_of.is_some());
        filter.before = page.rows.last().map(|job| job.id);
        if !page.more {
            break;
        }
    }
    known.insert(kind, found);
    Ok(found)
}
