//! `/v1/verify`.

use std::collections::BTreeMap;
use std::time::Instant;

use axum::extract::State;
use axum::response::Response;
use onhand_store::verify::{Violation as Found, stock_digest, verify as check};

use crate::api::Api;
use crate::body::health::{Verification, Violation};
use crate::problem::Problem;
use crate::respond::found;

/// Checks every invariant on the live database. It reads everything: expect minutes on a large one.
#[utoipa::path(post, path = "/v1/verify", tag = "operations",
    responses((status = 200, description = "What was checked and what was found", body = Verification)))]
pub(crate) async fn verify(State(api): State<Api>) -> Result<Response, Problem> {
    let started = Instant::now();
    let report = check(api.reads(), &mut |_| {}).await?;
    let stock_digest = stock_digest(api.reads()).await?;
    let checked = BTreeMap::from([
        ("stock_rows", report.stock_rows),
        ("movements", report.movements),
        ("orders", report.orders),
        ("reservations", report.reservations),
        ("events", report.events),
        ("operations", report.operations),
    ]);
    found(&Verification {
        object: "verification",
        clean: report.is_clean(),
        checked,
        violations_total: report.violations_total,
        violations: report.violations.into_iter().map(told).collect(),
        stock_digest,
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn told(found: Found) -> Violation {
    Violation { invariant: found.invariant, subject: found.subject, detail: found.detail }
}
