//! What is seen of a rehearsal while it goes on.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use onhand_api::rehearsal::{Counts, Kill, Latency as Shown, Plan, Point, Rehearsal, Report, Stand};

use crate::latency::Latency;

/// Points at most: what comes later is in the counts only.
const POINTS_MAX: usize = 600;

/// Shared by everybody who takes part.
pub(super) struct Board {
    id: String,
    plan: Plan,
    state: Mutex<State>,
}

struct State {
    stand: Stand,
    opened: Option<Instant>,
    /// When everybody had left.
    closed: Option<Instant>,
    counts: Counts,
    remaining: Option<i64>,
    all: Latency,
    /// Since the last point.
    recent: Latency,
    /// The counts at the last point, and when that was.
    last: (Counts, Instant),
    points: Vec<Point>,
    kills: Vec<Kill>,
    report: Option<Report>,
    problem: Option<String>,
}

impl State {
    fn elapsed(&self) -> Duration {
        let end = self.closed.unwrap_or_else(Instant::now);
        self.opened.map_or(Duration::ZERO, |opened| end.saturating_duration_since(opened))
    }
}

impl Board {
    pub(super) fn new(id: String, plan: Plan) -> Self {
        let state = State {
            stand: Stand::Starting,
            opened: None,
            closed: None,
            counts: Counts::default(),
            remaining: None,
            all: Latency::default(),
            recent: Latency::default(),
            last: (Counts::default(), Instant::now()),
            points: Vec::new(),
            kills: Vec::new(),
            report: None,
            problem: None,
        };
        Self { id, plan, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn stand(&self) -> Stand {
        self.lock().stand
    }

    /// The doors open.
    pub(super) fn open(&self) {
        let mut state = self.lock();
        let now = Instant::now();
        state.opened = Some(now);
        state.last = (Counts::default(), now);
        state.remaining = Some(self.plan.units);
        state.stand = Stand::Selling;
    }

    /// Everybody has left.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = Some(Instant::now());
        state.stand = Stand::Checking;
    }

    pub(super) fn killed(&self) {
        let mut state = self.lock();
        state.stand = Stand::Killed;
        let (at_ms, claims) = (millis(state.elapsed()), state.counts.claims);
        state.kills.push(Kill { at_ms, claims, ready_ms: None });
    }

    pub(super) fn back(&self, after: Duration) {
        let mut state = self.lock();
        state.stand = Stand::Selling;
        if let Some(kill) = state.kills.last_mut() {
            kill.ready_ms = Some((after.as_secs_f64() * 10_000.0).round() / 10.0);
        }
    }

    pub(super) fn end(&self, result: anyhow::Result<Report>) {
        let mut state = self.lock();
        match result {
            Ok(report) => {
                state.stand = Stand::Done;
                state.report = Some(report);
            }
            Err(error) => {
                state.stand = Stand::Failed;
                state.problem = Some(format!("{error:#}"));
            }
        }
    }

    /// Changes the counts.
    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.lock().counts);
    }

    pub(super) fn counts(&self) -> Counts {
        self.lock().counts.clone()
    }

    /// An answer to an attempt at buying came.
    pub(super) fn answered(&self, took: Duration) {
        let mut state = self.lock();
        state.all.record(took);
        state.recent.record(took);
    }

    /// Sets a point; `remaining` as the server says, if it answers.
    pub(super) fn point(&self, remaining: Option<i64>) {
        let mut state = self.lock();
        state.remaining = remaining.or(state.remaining);
        let now = Instant::now();
        let counts = state.counts.clone();
        let (before, since) = std::mem::replace(&mut state.last, (counts, now));
        let seconds = now.saturating_duration_since(since).as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "thousands at most")]
        let rate = |more: u64| ((more as f64 / seconds) * 10.0).round() / 10.0;
        let point = Point {
            at_ms: millis(state.elapsed()),
            claims_per_s: rate(state.counts.claims - before.claims),
            refused_per_s: rate(state.counts.refused - before.refused),
            remaining,
            held: state.counts.held,
            latency: shown(&state.recent),
        };
        state.recent.clear();
        if state.points.len() < POINTS_MAX {
            state.points.push(point);
        }
    }

    /// As the API shows it.
    pub(super) fn look(&self) -> Rehearsal {
        let state = self.lock();
        Rehearsal {
            object: "rehearsal",
            id: self.id.clone(),
            state: state.stand,
            plan: self.plan,
            elapsed_ms: millis(state.elapsed()),
            counts: state.counts.clone(),
            remaining: state.remaining,
            latency: shown(&state.all),
            points: state.points.clone(),
            kills: state.kills.clone(),
            report: state.report.clone(),
            problem: state.problem.clone(),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn shown(latency: &Latency) -> Shown {
    let figures = latency.percentiles();
    let rounded = |ms: f64| (ms * 10.0).round() / 10.0;
    Shown {
        count: figures.count,
        p50_ms: rounded(figures.p50_ms),
        p95_ms: rounded(figures.p95_ms),
        p99_ms: rounded(figures.p99_ms),
        max_ms: rounded(figures.max_ms),
    }
}
