//! Operation records.

use std::collections::BTreeSet;

use onhand_rules::{Changes, Command, OpId, PrincipalId, Receipt, Refusal};

use super::commands::*;
use super::driver::Request;
use super::world::{START, World};
use super::{Fixture, golden};
use crate::ops::{OpKey, OpRow, Outcome};

fn row(principal: i64, kind: u8, key: &str, id: u128) -> OpRow {
    OpRow {
        key: OpKey { principal: PrincipalId(principal), kind, key: key.into() },
        id: OpId(id),
        fingerprint: [u8::try_from(id % 256).unwrap(); 16],
        outcome: Outcome::Refused(Refusal::NotFound {
            what: "order".into(),
            id: format!("{principal} {kind} {key}"),
        }),
        at: START,
    }
}

async fn write(world: &mut World, rows: &[OpRow]) {
    let session = world.driver.session();
    let now = session.begin().await.unwrap();
    session.write(&Changes::default(), rows, now).await.unwrap();
    session.commit().await.unwrap();
}

/// What the session says of these keys, sorted.
async fn ask(world: &mut World, keys: impl IntoIterator<Item = OpKey>) -> Vec<OpRow> {
    let keys: Vec<OpKey> = keys.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let session = world.driver.session();
    session.begin().await.unwrap();
    let mut rows = session.outcomes(&keys).await.unwrap();
    session.rollback().await.unwrap();
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    rows
}

pub(super) async fn outcomes_come_back_byte_for_byte(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let mut told = Vec::new();
    for (at, batch) in golden::script() {
        world.at(at).await;
        let outcomes = world.batch(&batch).await;
        told.extend(batch.into_iter().zip(outcomes));
    }
    let dump = world.dump().await;
    for (request, outcome) in told {
        let Some(key) = request.key.clone() else { continue };
        // The driver answers from the record; the commands behind it are not decided again.
        let again = world.batch(std::slice::from_ref(&request)).await.remove(0);
        assert_eq!(again.to_json(), outcome.to_json());
        let found = world.reads().operations(request.actor, &key).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].outcome.to_json(), outcome.to_json());
    }
    assert_eq!(world.dump().await, dump, "asking again changed something");
}

pub(super) async fn principals_and_kinds_are_separate(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 9)]).await;
    let kind = Command::from(adjust("A", "L", 1)).number();
    world
        .batch(&[
            Request::of(adjust("A", "L", 1)).keyed("k"),
            Request::of(adjust("A", "L", 2)).keyed("k").from(8),
            Request::of(place(1, &[("A", "L", 1)])).keyed("k"),
            Request::of(adjust("A", "L", 1)).keyed("K"),
        ])
        .await;
    let figures = world.reads().stock(&Default::default(), 1).await.unwrap().rows[0].stock.figures;
    assert_eq!((figures.on_hand, figures.reserved), (13, 1));
    let mine = world.reads().operations(PrincipalId(7), "k").await.unwrap();
    assert_eq!(mine.len(), 2);
    let theirs = world.reads().operations(PrincipalId(8), "k").await.unwrap();
    assert_eq!(theirs.iter().map(|row| row.key.kind).collect::<Vec<_>>(), [kind]);
    assert!(world.reads().operations(PrincipalId(9), "k").await.unwrap().is_empty());
    assert!(world.reads().operations(PrincipalId(7), "k ").await.unwrap().is_empty());
}

pub(super) async fn only_what_was_asked_for(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let rows: Vec<OpRow> =
        (0..1_500).map(|n| row(1 + n % 3, 10, &format!("key {n:05}"), n as u128)).collect();
    write(&mut world, &rows).await;
    let asked: Vec<OpRow> = rows.iter().step_by(2).cloned().collect();
    let absent = (0..500).map(|n| row(9, 10, &format!("key {n:05}"), 0).key);
    let found = ask(&mut world, asked.iter().map(|row| row.key.clone()).chain(absent)).await;
    let mut wanted = asked;
    wanted.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(found, wanted);
    assert!(ask(&mut world, []).await.is_empty());
}

pub(super) async fn the_same_key_has_one_effect(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 9)]).await;
    let request = Request::of(adjust("A", "L", 5)).keyed("once");
    // Twice in one batch, and once more in a later one.
    let first = world.batch(&[request.clone(), request.clone()]).await;
    let second = world.batch(std::slice::from_ref(&request)).await;
    assert_eq!(first[0], first[1]);
    assert_eq!(first[0], second[0]);
    assert!(matches!(&first[0], Outcome::Done(Receipt::Stock { rows, .. }) if rows[0].figures.on_hand == 14));
    let figures = world.reads().stock(&Default::default(), 1).await.unwrap().rows[0].stock.figures;
    assert_eq!(figures.on_hand, 14);
    world.verify().await;
}

pub(super) async fn records_are_listed_in_key_order(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    let mut rows = Vec::new();
    for (number, key) in ["b", "a", "B", "ä", "aa", "0", "~", "a b"].iter().enumerate() {
        rows.push(row(2, 10, key, number as u128));
        rows.push(row(2, 9, key, 100 + number as u128));
        rows.push(row(1, 11, key, 200 + number as u128));
    }
    write(&mut world, &rows).await;
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    for limit in [1, 5, 24, 100] {
        let mut found: Vec<OpRow> = Vec::new();
        loop {
            let after = found.last().map(|row| row.key.clone());
            let page = world.reads().audit_ops(after.as_ref(), limit).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= limit);
            found.extend(page);
        }
        assert_eq!(found, rows, "in pages of {limit}");
    }
}
