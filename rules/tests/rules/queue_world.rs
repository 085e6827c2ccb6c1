//! A database of maps for the queue and the shops, and what must hold of its rows after each batch.

use std::collections::{BTreeMap, BTreeSet};

use onhand_rules::command::ROUNDS_MAX;
use onhand_rules::commands::queue::{BeatJobs, ClaimJobs, End, EnqueueJobs, FinishJobs, JobEnd};
use onhand_rules::job::{JobState, NewJob};
use onhand_rules::retry::FailureClass;
use onhand_rules::working::Counters;
use onhand_rules::{
    Command, Context, DeadJob, DoneJob, EventBody, Inbox, Job, JobBody, JobId, Location, LocationId, Needs,
    Notice, OpId, PrincipalId, Receipt, Refusal, Setting, Shop, ShopId, Tracked, Working,
};

/// When every world begins.
pub(crate) const START: i64 = 1_000_000;
/// Length of leases.
pub(crate) const LEASE: i64 = 30_000;

#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(crate) now: i64,
    pub(crate) settings: BTreeMap<String, Setting>,
    pub(crate) shops: BTreeMap<ShopId, Shop>,
    pub(crate) inbox: BTreeMap<String, Inbox>,
    pub(crate) notices: BTreeMap<String, Notice>,
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) dead: BTreeMap<JobId, DeadJob>,
    pub(crate) done: Vec<DoneJob>,
    pub(crate) events: Vec<EventBody>,
    counters: Counters,
    ops: u128,
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self {
            now: START,
            settings: BTreeMap::new(),
            shops: BTreeMap::new(),
            inbox: BTreeMap::new(),
            notices: BTreeMap::new(),
            jobs: BTreeMap::new(),
            dead: BTreeMap::new(),
            done: Vec::new(),
            events: Vec::new(),
            counters: Counters::default(),
            ops: 0,
        }
    }

    pub(crate) fn run(&mut self, command: impl Into<Command>) -> Result<Receipt, Refusal> {
        self.batch(vec![command.into()]).remove(0)
    }

    /// Decides commands in one batch, as the engine's writer does.
    pub(crate) fn batch(&mut self, commands: Vec<Command>) -> Vec<Result<Receipt, Refusal>> {
        let mut working = self.load(&commands);
        let mut answers = Vec::new();
        for command in &commands {
            self.ops += 1;
            let op = OpId(self.ops << 32);
            let context = Context { now: self.now, op, actor: PrincipalId(1), trace: None };
            let mut scope = working.scope();
            let decided = command.decide(&mut scope, &context);
            match &decided {
                Ok(_) => scope.accept(),
                Err(_) => drop(scope),
            }
            answers.push(decided);
        }
        assert!(working.unasked.is_empty(), "{commands:?} read without asking: {:?}", working.unasked);
        self.apply(working);
        answers
    }

    fn load(&self, commands: &[Command]) -> Working {
        let mut working = Working::default();
        for _ in 0..=ROUNDS_MAX {
            let mut needs = Needs::default();
            commands.iter().for_each(|command| command.needs(&working, &mut needs));
            let missing = working.missing(&needs);
            if missing.is_empty() {
                return working;
            }
            self.find(&missing, &mut working);
        }
        panic!("{ROUNDS_MAX} rounds are too few for {commands:?}");
    }

    fn find(&self, needs: &Needs, working: &mut Working) {
        fn put<K: Ord + Clone, T: Clone>(
            wanted: &BTreeSet<K>,
            rows: &BTreeMap<K, T>,
            into: &mut BTreeMap<K, Tracked<T>>,
        ) {
            for key in wanted {
                into.entry(key.clone()).or_insert_with(|| Tracked::loaded(rows.get(key).cloned()));
            }
        }
        let (mut shops, mut jobs) = (needs.sync.shops.clone(), needs.sync.jobs.clone());
        for key in &needs.sync.shop_accounts {
            let same = |shop: &&Shop| shop.channel == key.0 && shop.account == key.1;
            let id = self.shops.values().find(same).map(|shop| shop.id);
            working.sync.shop_accounts.insert(key.clone(), id);
            shops.extend(id);
        }
        for code in &needs.sync.shop_codes {
            let id = self.shops.values().find(|shop| shop.code == *code).map(|shop| shop.id);
            working.sync.shop_codes.insert(code.clone(), id);
            shops.extend(id);
        }
        for key in &needs.sync.job_keys {
            let same = |job: &&Job| job.body.dedupe().as_ref() == Some(key);
            let id = self.jobs.values().find(same).map(|job| job.id);
            working.sync.job_keys.insert(key.clone(), id);
            jobs.extend(id);
        }
        put(&needs.sync.settings, &self.settings, &mut working.sync.settings);
        put(&shops, &self.shops, &mut working.sync.shops);
        put(&needs.sync.inbox, &self.inbox, &mut working.sync.inbox);
        put(&needs.sync.notices, &self.notices, &mut working.sync.notices);
        put(&jobs, &self.jobs, &mut working.sync.jobs);
        put(&needs.sync.dead, &self.dead, &mut working.sync.dead);
        for code in &needs.location_codes {
            let id = LocationId(1);
            working.location_codes.insert(code.clone(), (code == "main").then_some(id));
            let (code, name) = ("main".to_owned(), "Main".to_owned());
            let main = Location { id, code, name, archived: false, version: 1, created_at: START };
            working.locations.insert(id, Tracked::loaded(Some(main)));
        }
        if needs.counters {
            working.counters = Some(Tracked::loaded(Some(self.counters)));
        }
    }

    fn apply(&mut self, working: Working) {
        let changes = working.into_changes(PrincipalId::SYSTEM);
        self.counters = changes.counters.unwrap_or(self.counters);
        self.events.extend(changes.events.into_iter().map(|event| event.body));
        let sync = changes.sync;
        for (key, row) in sync.settings {
            match row.now {
                Some(now) => drop(self.settings.insert(key, now)),
                None => drop(self.settings.remove(&key)),
            }
        }
        let mut left = BTreeSet::new();
        for row in sync.jobs {
            check_step(&row);
            match (row.now, row.before) {
                (Some(now), _) => drop(self.jobs.insert(now.id, now)),
                (None, Some(before)) => {
                    left.insert(before.id);
                    self.jobs.remove(&before.id);
                }
                (None, None) => {}
            }
        }
        let mut ended: BTreeSet<JobId> = sync.done.iter().map(|done| done.job.id).collect();
        for dead in sync.dead.into_iter().filter_map(|row| row.now) {
            if self.dead.insert(dead.job.id, dead.clone()).is_none() {
                ended.insert(dead.job.id);
            }
        }
        assert!(left.is_subset(&ended), "a job left the queue and is neither done nor dead");
        self.done.extend(sync.done);
        self.shops.extend(sync.shops.into_iter().filter_map(|row| row.now).map(|row| (row.id, row)));
        self.inbox.extend(sync.inbox.into_iter().filter_map(|row| row.now).map(|row| (row.key.clone(), row)));
        let notices = sync.notices.into_iter().filter_map(|row| row.now);
        self.notices.extend(notices.map(|row| (row.key.clone(), row)));
        let mut keys = BTreeSet::new();
        for job in self.jobs.values() {
            assert_eq!(job.state == JobState::Running, job.lease.is_some(), "a lease is of a running job");
            assert!(job.body.dedupe().is_none_or(|key| keys.insert(key)), "two jobs of one key");
            assert!(!self.dead.contains_key(&job.id), "dead and in the queue");
        }
    }

    /// Puts one job into the queue.
    pub(crate) fn enqueue(&mut self, body: JobBody) -> JobId {
        let job = NewJob { body, class: 2, run_at: self.now, cause_at: None };
        match self.run(EnqueueJobs { jobs: vec![job] }).unwrap() {
            Receipt::Enqueued { jobs } => jobs[0],
            other => panic!("{other:?}"),
        }
    }

    /// Claims one job for worker 1; yields the lease number.
    pub(crate) fn claim(&mut self, id: JobId) -> Option<i64> {
        self.run(claim(id)).unwrap().leases().first().map(|(_, number)| *number)
    }

    pub(crate) fn event_count(&self, fits: impl Fn(&EventBody) -> bool) -> usize {
        self.events.iter().filter(|event| fits(event)).count()
    }
}

/// The fencing number rises by one with a claim and never moves otherwise (Q4).
fn check_step(row: &Tracked<Job>) {
    if let (Some(before), Some(now)) = (&row.before, &row.now) {
        let claims = now.lease_number - before.lease_number;
        assert!((0..=1).contains(&claims), "{before:?} → {now:?}");
        if claims == 1 {
            assert_eq!(before.state, JobState::Ready, "claimed from under somebody: {before:?}");
        }
    }
}

/// One push of shop 1: a job of which there is one.
pub(crate) fn push() -> JobBody {
    JobBody::PushStock { shop: ShopId(1), unit: "u".into() }
}

pub(crate) fn nothing(note: impl ToString) -> JobBody {
    JobBody::Nothing { shop: None, note: note.to_string() }
}

pub(crate) fn claim(id: JobId) -> Command {
    ClaimJobs { owner: 1, lease_ms: LEASE, jobs: vec![id] }.into()
}

pub(crate) fn beat(id: JobId, lease: i64) -> Command {
    BeatJobs { owner: 1, jobs: vec![(id, lease)], lease_ms: LEASE }.into()
}

pub(crate) fn finish(job: JobId, lease: i64, end: End) -> Command {
    FinishJobs { ends: vec![JobEnd { job, lease, end }] }.into()
}

pub(crate) fn well() -> End {
    End::Done { outcome: "done".into() }
}

pub(crate) fn failed(class: FailureClass) -> End {
    let (code, message) = ("c".into(), "m".into());
    End::Failed { class, code, message, retry_after_ms: None, jitter: u16::MAX }
}

/// Whether the caller was told that he has no right to it any more.
pub(crate) fn is_stale(answer: &Receipt) -> bool {
    matches!(answer, Receipt::Jobs { stale, .. } if !stale.is_empty())
}
