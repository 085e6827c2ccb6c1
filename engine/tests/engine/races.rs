//! Commands that want the same thing at the same time.

use onhand_engine::{Engine, SubmitError};
use onhand_rules::commands::{CancelOrder, ExpireHolds, LineChoice, PlaceOrder, ShipOrder};
use onhand_rules::order::OrderState;
use onhand_rules::{Command, Holder, Receipt, Refusal};
use onhand_store::Outcome;
use tokio::task::JoinSet;

use crate::stage::{
    Stage, buy, confirm, confirmed, done, figures, hold, is_done, is_short, new_key, on_both, open_shop,
    order, receive, request, within,
};

on_both!(
    f1_a_thousand_buyers_for_five_hundred_units,
    f1_a_thousand_buyers_for_one_unit,
    d4_confirm_and_expire_at_the_same_millisecond,
    f9_cancel_ship_and_part_cancel_at_once,
);

/// How often a race is run when nobody says.
const ROUNDS: usize = 40;

/// A race that is run again and again. `cargo xtask crash` gives the number of the long form in `variable`, and then is told
/// how far it has come.
struct Race {
    title: String,
    rounds: usize,
    long: bool,
}

impl Race {
    fn new(variable: &str, title: &str, stage: &Stage) -> Self {
        let asked = std::env::var(variable).ok().map(|text| text.parse().expect("a number of rounds"));
        let title = format!("{title} on {}", stage.store.durability().database);
        Self { title, rounds: asked.unwrap_or(ROUNDS), long: asked.is_some() }
    }

    /// After each round; `seen` says how the rounds so far have ended.
    fn tell(&self, done: usize, seen: impl FnOnce() -> String) {
        if self.long && (done == self.rounds || done.is_multiple_of((self.rounds / 10).max(1))) {
            eprintln!("{}: {done} of {} rounds: {}", self.title, self.rounds, seen());
        }
    }
}

/// All at once; outcomes in the order of the commands.
async fn at_once(engine: &Engine, commands: Vec<Command>) -> Vec<Outcome> {
    let mut asking = JoinSet::new();
    for (at, command) in commands.into_iter().enumerate() {
        let engine = engine.clone();
        asking.spawn(async move { (at, engine.submit(request(command, &new_key())).await) });
    }
    let mut outcomes = Vec::new();
    while let Some(answered) = within("an answer", asking.join_next()).await {
        let (at, answer): (usize, Result<_, SubmitError>) = answered.unwrap();
        outcomes.push((at, answer.expect("an outcome").outcome));
    }
    outcomes.sort_by_key(|(at, _)| *at);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn f1_a_thousand_buyers_for_five_hundred_units(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 0)]).await;
    for _ in 0..3 {
        done(&engine, receive("A", 500)).await;
        let (_, held_before, _) = figures(&engine, "A").await;
        let outcomes = at_once(&engine, (0..1_000).map(|_| buy("A", 1).into()).collect()).await;
        assert_eq!(outcomes.iter().filter(|outcome| is_done(outcome)).count(), 500);
        assert_eq!(outcomes.iter().filter(|outcome| is_short(outcome)).count(), 500);
        assert_eq!(figures(&engine, "A").await.1 - held_before, 500);
    }
    stage.verify().await;
}

async fn f1_a_thousand_buyers_for_one_unit(stage: Stage) {
    let engine = stage.engine().await;
    open_shop(&engine, &[("A", 1)]).await;
    let outcomes = at_once(&engine, (0..1_000).map(|_| confirmed("A", 1).into()).collect()).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_done(outcome)).count(), 1);
    assert_eq!(figures(&engine, "A").await, (1, 0, 1));
    stage.verify().await;
}

/// The hold is due at the very millisecond of its placing. Its owner, the pulse and another buyer meet over one unit.
async fn d4_confirm_and_expire_at_the_same_millisecond(stage: Stage) {
    let engine = stage.engine().await;
    let race = Race::new("ONHAND_D4_ROUNDS", "D4, confirm against expire", &stage);
    open_shop(&engine, &[("A", 0)]).await;
    let mut owners_won = 0;
    for round in 0..race.rounds {
        done(&engine, receive("A", 1)).await;
        let (on_hand, _, sold_before) = figures(&engine, "A").await;
        let held = hold(&[("A", 1)], 0);
        let id = held.id;
        done(&engine, held).await;
        let rival = confirmed("A", 1);
        let rival_id = rival.id;
        let expire = ExpireHolds { holders: vec![Holder::Order(id)] };
        let mut commands: Vec<Command> = vec![confirm(id).into(), expire.into(), rival.into()];
        // Every order of arrival, and the three of them in one batch or in several.
        commands.rotate_left(round % 3);
        let mut outcomes = at_once(&engine, commands).await;
        outcomes.rotate_right(round % 3);
        let [owner, expired, rival] = outcomes.as_slice() else {
            panic!("three outcomes");
        };
        assert!(is_done(owner) ^ is_done(rival), "exactly one has it: {outcomes:?}");
        assert!(is_done(expired));
        let owners = order(&engine, id).await;
        if is_done(owner) {
            owners_won += 1;
            assert_eq!((owners.state, owners.lines[0].allocated), (OrderState::Confirmed, 1));
            assert!(is_short(rival), "{rival:?}");
            assert!(engine.reads().order(rival_id).await.unwrap().is_none());
        } else {
            assert_eq!((owners.state, owners.lines[0].allocated), (OrderState::Expired, 0));
            assert!(is_short(owner), "{owner:?}");
            assert_eq!(order(&engine, rival_id).await.lines[0].allocated, 1);
        }
        assert_eq!(figures(&engine, "A").await, (on_hand, 0, sold_before + 1));
        race.tell(round + 1, || format!("the owner has had it {owners_won} times, the rival otherwise"));
    }
    stage.verify().await;
}

fn is_too_late(outcome: &Outcome) -> bool {
    let Outcome::Refused(refusal) = outcome else { return false };
    matches!(
        refusal,
        Refusal::WrongState { .. } | Refusal::ExceedsCancellable { .. } | Refusal::ExceedsShippable { .. }
    )
}

async fn f9_cancel_ship_and_part_cancel_at_once(stage: Stage) {
    let engine = stage.engine().await;
    let race = Race::new("ONHAND_F9_ROUNDS", "F9, cancel against ship", &stage);
    // Each round ships five at most.
    let opening = i64::try_from(5 * race.rounds).expect("few");
    open_shop(&engine, &[("A", opening)]).await;
    let mut shipped_in_all = 0;
    for round in 0..race.rounds {
        let placed: PlaceOrder = confirmed("A", 5);
        let id = placed.id;
        done(&engine, placed).await;
        let some = |quantity| vec![LineChoice { line: 1, quantity }];
        let cancel = |lines| CancelOrder { id, lines, reason: None, expected_version: None };
        let ship =
            |lines| ShipOrder { id, lines, tracking: None, despite_dispute: false, expected_version: None };
        let mut commands: Vec<Command> = vec![
            cancel(Vec::new()).into(),
            ship(some(3)).into(),
            cancel(some(2)).into(),
            ship(Vec::new()).into(),
            cancel(some(4)).into(),
        ];
        commands.rotate_left(round % 5);
        let kinds: Vec<&str> = commands.iter().map(Command::name).collect();
        let outcomes = at_once(&engine, commands.clone()).await;
        // What each was told that it had moved, summed up, is what the order says.
        let (mut shipped, mut cancelled) = (0, 0);
        for (kind, outcome) in kinds.iter().zip(&outcomes) {
            let Outcome::Done(Receipt::Order { lines, .. }) = outcome else {
                // Too late, or more than is left: nobody is refused for anything else.
                assert!(is_too_late(outcome), "round {round}, {kind}: {outcome:?}");
                continue;
            };
            let moved: i64 = lines.iter().map(|line| line.quantity).sum();
            *(if *kind == "ship_order" { &mut shipped } else { &mut cancelled }) += moved;
        }
        let line = order(&engine, id).await.lines[0].clone();
        assert!(line.balances(), "{line:?}");
        assert_eq!((line.shipped, line.cancelled), (shipped, cancelled), "round {round}: {outcomes:?}");
        assert_eq!(line.shipped + line.cancelled, 5, "a whole cancel or a whole ship leaves nothing open");
        shipped_in_all += shipped;
        race.tell(round + 1, || format!("{shipped_in_all} of {} units were shipped", 5 * (round + 1)));
    }
    assert_eq!(figures(&engine, "A").await, (opening - shipped_in_all, 0, 0), "each unit went one way");
    stage.verify().await;
}
