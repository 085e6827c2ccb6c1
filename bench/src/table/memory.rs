//! Memory of the server, and how long it takes to start.

use super::{Plan, history, http};
use crate::figures::{median, thousands};
use crate::place::{Ground, Kind};
use crate::report::{Row, progress};
use crate::server::{Server, binary};

/// Starts of each; the median counts.
const STARTS: usize = 5;

pub(super) fn measure(ground: &Ground, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let binary = binary(plan.binary.as_ref())?;
    let mut rows = Vec::new();
    for &kind in &plan.kinds {
        // Memory under load is measured by the HTTP part, whose load it is.
        rows.push(at_rest(ground, &binary, kind)?);
        rows.push(starts(ground, &binary, kind, 0)?);
        rows.push(starts(ground, &binary, kind, plan.movements.min(1_000_000))?);
    }
    Ok(rows)
}

fn at_rest(ground: &Ground, binary: &std::path::Path, kind: Kind) -> anyhow::Result<Row> {
    let place = ground.fresh(kind)?;
    let scratch = tempfile::tempdir_in(ground.dir())?;
    let server = Server::start(binary, &place.arguments(), scratch.path())?;
    // A few seconds of doing nothing: the pulse has looked and the start is over.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let megabytes = server.resident()?;
    progress(&format!("{kind}: {megabytes:.1} MB at rest"));
    Ok(Row {
        section: http::MEMORY,
        name: format!("{kind}, memory at rest"),
        value: megabytes,
        unit: "MB",
        aim: "< 50 MB",
        ..Row::default()
    })
}

fn starts(ground: &Ground, binary: &std::path::Path, kind: Kind, movements: u64) -> anyhow::Result<Row> {
    let place = ground.fresh(kind)?;
    if movements > 0 {
        history::fill(&place, movements)?;
    }
    let scratch = tempfile::tempdir_in(ground.dir())?;
    // The first start makes the tables; it is not counted when there is a history, which was made by this process.
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let mut server = Server::start(binary, &place.arguments(), scratch.path())?;
        times.push(server.ready_after.as_secs_f64() * 1_000.0);
        server.kill()?;
    }
    progress(&format!("{kind}, {movements} movements: ready after {times:.0?} ms"));
    let (name, aim) = if movements == 0 {
        (format!("{kind}, start to ready, empty"), "< 300 ms")
    } else {
        (format!("{kind}, start to ready, {} movements", thousands(movements)), "< 2,000 ms")
    };
    Ok(Row {
        section: http::MEMORY,
        name,
        value: median(&times),
        unit: "ms",
        aim,
        notes: format!("first start {:.0} ms; killed with SIGKILL each time", times[0]),
        rounds: times,
        ..Row::default()
    })
}
