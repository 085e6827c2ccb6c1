//! `/v1/audit`: who changed what.

use axum::extract::State;
use axum::response::Response;
use onhand_rules::Setting;
use onhand_rules::audit::{HEAD, PAGE, subject};
use onhand_store::EventRow;

use crate::api::Api;
use crate::auth::setting;
use crate::body::lists::{List, cursor, limit, position};
use crate::body::people::{AuditBody, AuditQuery};
use crate::extract::Params;
use crate::problem::Problem;
use crate::respond::found;

/// Lists the audit log, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "people", params(AuditQuery),
    responses((status = 200, description = "A page", body = List<AuditBody>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<AuditQuery>,
) -> Result<Response, Problem> {
    let limit = limit(query.limit)?;
    let before: Option<i64> = position(query.cursor.as_deref())?;
    let last = match (before, setting(api.reads(), HEAD).await?) {
        (Some(before), _) => before - 1,
        (None, Some(Setting::AuditHead { count, .. })) => count,
        (None, _) => 0,
    };
    let mut rows: Vec<(i64, AuditBody)> = Vec::new();
    let mut number = last;
    while rows.len() < limit && number > 0 {
        // Entries that share a subject are one page of the log; the newest of them come first here.
        let page = api.reads().events_of(&subject(number), 0, usize::try_from(PAGE).unwrap_or(100)).await?;
        let mut entries: Vec<(i64, AuditBody)> =
            page.rows.into_iter().filter_map(numbered).filter(|(at, _)| *at <= number).collect();
        entries.reverse();
        rows.extend(entries);
        number = number / PAGE * PAGE - 1;
    }
    rows.truncate(limit);
    let oldest = rows.last().map_or(0, |(number, _)| *number);
    let more = oldest > 1;
    found(&List::of(rows.into_iter().map(|(_, row)| row).collect(), more, cursor(&oldest)))
}

fn numbered(row: EventRow) -> Option<(i64, AuditBody)> {
    AuditBody::of(row).map(|body| (body.number, body))
}
