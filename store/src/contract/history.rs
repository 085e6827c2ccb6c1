//! The movements that changed one quantity, found in stretches of a row's history.

use onhand_rules::{Movement, StockKey};

use super::Fixture;
use super::commands::*;
use super::world::{FEW, World};
use crate::reads::{Figure, StockFilter};

const FIGURES: [Figure; 4] = [Figure::OnHand, Figure::Reserved, Figure::Allocated, Figure::Unavailable];

/// Everything that changed the figure, in pages of `FEW` out of stretches of `look`, and how many pages that took.
async fn changing(
    world: &World,
    key: StockKey,
    figure: Figure,
    below: i64,
    look: usize,
) -> (Vec<i64>, usize) {
    let (mut found, mut below, mut pages) = (Vec::new(), below, 0);
    loop {
        let page = world.reads().movements_changing(key, figure, below, FEW, look).await.unwrap();
        pages += 1;
        assert!(page.rows.len() <= FEW);
        found.extend(page.rows.iter().map(|row| row.version));
        match page.rest {
            None => return (found, pages),
            Some(rest) => {
                assert!(
                    rest < below && rest >= below - i64::try_from(look).unwrap(),
                    "{figure:?}: {rest} after {below}"
                );
                below = rest;
            }
        }
    }
}

/// More movements than one mark of SQLite's history stands for, most of which change what is reserved.
pub(super) async fn movements_that_changed_a_figure(fixture: Fixture) {
    let mut world = World::stocked(fixture, &["L"], &[("A", 900), ("B", 9)]).await;
    world.done(place_confirmed(1, &[("A", "L", 2)])).await;
    for id in 100..160 {
        world.done(reserve(id, &[("A", "L", 1)])).await;
    }
    world.done(ship(1, &[])).await;
    world.done(restate("A", "L", 3)).await;
    for id in 160..170 {
        world.done(reserve(id, &[("A", "L", 1)])).await;
    }
    let filter = StockFilter { sku: Some("A".to_owned()), ..StockFilter::default() };
    let key = world.reads().stock(&filter, 1).await.unwrap().rows[0].stock.key;
    let all: Vec<Movement> = world.reads().movements(key, None, 1_000).await.unwrap().rows;
    let end = all[0].version + 1;
    assert!(end > 70, "{end}");
    for figure in FIGURES {
        let wanted: Vec<i64> =
            all.iter().filter(|row| figure.of(&row.delta) != 0).map(|row| row.version).collect();
        assert!(!wanted.is_empty(), "{figure:?} never changed");
        for look in [1, 7, 64, 65, 1_000] {
            let (found, _) = changing(&world, key, figure, end, look).await;
            assert_eq!(found, wanted, "{figure:?} in stretches of {look}");
        }
        // From the middle.
        let older: Vec<i64> = wanted.iter().copied().filter(|version| *version < 66).collect();
        assert_eq!(changing(&world, key, figure, 66, 7).await.0, older, "{figure:?} below 66");
    }
    // What is never found does not make it look at everything: ten movements a page.
    let (_, pages) = changing(&world, key, Figure::Unavailable, end, 10).await;
    assert!(pages >= usize::try_from(end).unwrap() / 10, "{pages} pages for {end} movements");
    let none = StockKey { location: onhand_rules::LocationId(i64::MAX), ..key };
    let nothing = world.reads().movements_changing(none, Figure::OnHand, 1, FEW, 10).await.unwrap();
    assert_eq!((nothing.rows.len(), nothing.rest), (0, None));
}
