//! `/v1/events` and `/v1/orders/{id}/events`.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use onhand_rules::OrderId;
use onhand_rules::access::ScopeName;
use onhand_rules::event::{KINDS, LISTING_CHANGED, SELDOM};
use onhand_rules::text::{TEXT_MAX, check_text};
use onhand_store::{EventFilter, EventRow, EventsFrom, Page};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::api::Api;
use crate::auth::Who;
use crate::body::events::{EventOrder, EventQuery, EventView, StreamQuery};
use crate::body::lists::{List, limit, position};
use crate::body::movements::PageQuery;
use crate::extract::{Call, Params};
use crate::problem::{self, Problem};
use crate::respond::found;

/// The longest wait for an event.
const WAIT_MAX_S: u32 = 30;
/// Another replica's commits do not wake this process: it looks this often.
const LOOK: Duration = Duration::from_millis(500);
/// Events read at once for a stream.
const STREAM_PAGE: usize = 200;

/// Lists events after a number, oldest first, or with `order=newest` before one, newest first; with `wait_s` it waits for
/// one. No event is ever removed: what has a number can be read. In either direction a page goes on where the one before
/// ended.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(EventQuery),
    responses((status = 200, description = "A page. Oldest first, `next_cursor` is the next request's `after` and is always \
        there; newest first, it is the next request's `before`, and null at the beginning of the feed",
        body = List<EventView>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    call: Call,
    Params(query): Params<EventQuery>,
) -> Result<Response, Problem> {
    let audit = call.caller()?.allows(ScopeName::AuditRead);
    let filter = filter(&query)?;
    let limit = limit(query.limit)?;
    let wait = query.wait_s.unwrap_or(0);
    if wait > WAIT_MAX_S {
        return Err(invalid(&format!("wait_s must be from 0 to {WAIT_MAX_S}")));
    }
    let after = match filter {
        EventFilter { subject: None, kind: None, from: EventsFrom::After(after), .. } => after,
        _ if wait > 0 => return Err(invalid(NO_WAIT)),
        _ => return some_of(&api, &filter, limit, audit).await,
    };
    let until = Instant::now() + Duration::from_secs(u64::from(wait));
    let mut waiter = Waiter::new(&api);
    let mut page = api.reads().events(after, limit).await?;
    if page.rows.is_empty() {
        check_head(&api, after).await?;
    }
    while page.rows.is_empty() && wait > 0 && waiter.wait(until).await {
        page = api.reads().events(after, limit).await?;
    }
    let last = page.rows.last().map_or(after, |row| row.number);
    let mut body = views(page, audit);
    body.next_cursor = Some(last.to_string());
    found(&body)
}

const NO_WAIT: &str =
    "wait_s waits for any event that comes next: leave subject, type and order out, or wait_s";

fn invalid(detail: &str) -> Problem {
    Problem::new(&problem::INVALID_PARAMETER, detail)
}

/// What is asked for, unless it contradicts itself.
fn filter(query: &EventQuery) -> Result<EventFilter, Problem> {
    let from = match (query.order, query.after, query.before) {
        (EventOrder::Oldest, after, None) => EventsFrom::After(check_after(after)?),
        (EventOrder::Newest, None, before) if before.is_none_or(|before| before >= 0) => {
            EventsFrom::Before(before.unwrap_or(i64::MAX))
        }
        (EventOrder::Newest, None, _) => return Err(invalid("before must not be negative")),
        (EventOrder::Oldest, _, Some(_)) => {
            return Err(invalid("before belongs to order=newest; oldest first, pages go on by after"));
        }
        (EventOrder::Newest, Some(_), _) => {
            return Err(invalid("after does not go with order=newest: newest first, pages go on by before"));
        }
    };
    if query.subject.as_ref().is_some_and(|subject| check_text(subject, TEXT_MAX).is_err()) {
        return Err(invalid("subject is not a text that anything can have"));
    }
    let kind = query.kind.as_deref().map(check_kind).transpose()?;
    let mapping = query.mapping.unwrap_or(false);
    if mapping && kind != Some(LISTING_CHANGED) {
        return Err(invalid("mapping belongs to type=listing.changed"));
    }
    Ok(EventFilter { subject: query.subject.clone(), kind, mapping, from })
}

fn check_kind(asked: &str) -> Result<&'static str, Problem> {
    SELDOM.iter().copied().find(|kind| *kind == asked).ok_or_else(|| {
        let known = SELDOM.join(", ");
        if KINDS.contains(&asked) {
            invalid(&format!(
                "events of type {asked} are too many to be found by it: read on from a number, or by subject. type can be one \
                 of {known}"
            ))
        } else {
            invalid(&format!("type must be one of {known}"))
        }
    })
}

/// A page of some of the events, which is not waited for.
async fn some_of(api: &Api, filter: &EventFilter, limit: usize, audit: bool) -> Result<Response, Problem> {
    let page = api.reads().events_by(filter, limit).await?;
    let last = page.rows.last().map(|row| row.number);
    let next = match filter.from {
        EventsFrom::After(after) => {
            if last.is_none() && filter.subject.is_none() {
                check_head(api, after).await?;
            }
            Some(last.unwrap_or(after))
        }
        EventsFrom::Before(_) => last.filter(|_| page.more),
    };
    let mut body = views(page, audit);
    body.next_cursor = next.map(|number| number.to_string());
    found(&body)
}

/// Those that the caller may see.
fn views(page: Page<EventRow>, audit: bool) -> List<EventView> {
    let has_more = page.more;
    let rows = page.rows.into_iter().filter(|row| audit || !EventView::is_secret(row));
    List::of(rows.map(EventView::of).collect(), has_more, None)
}

pub(crate) fn check_after(after: Option<i64>) -> Result<i64, Problem> {
    match after.unwrap_or(0) {
        after if after >= 0 => Ok(after),
        _ => Err(Problem::new(&problem::INVALID_PARAMETER, "after must not be negative")),
    }
}

/// Refuses a number that no event has had yet: whoever knows it has seen events that this database has lost, as after a
/// backup from before them was restored, and would wait for ever or take the wrong ones for the next.
pub(crate) async fn check_head(api: &Api, after: i64) -> Result<(), Problem> {
    let head = if after > 0 { api.reads().feed_head().await? } else { return Ok(()) };
    if after <= head {
        return Ok(());
    }
    let detail = format!("the feed is at {head} and has never had event {after}; was a backup restored?");
    Err(Problem::new(&problem::INVALID_PARAMETER, detail))
}

/// Waits for commits.
pub(crate) struct Waiter {
    feed: watch::Receiver<i64>,
    closing: watch::Receiver<bool>,
    shared: bool,
}

impl Waiter {
    /// Commits from now on are seen; so look once after making it.
    pub(crate) fn new(api: &Api) -> Self {
        let mut feed = api.0.engine.feed();
        feed.borrow_and_update();
        Self {
            feed,
            closing: api.0.closing.subscribe(),
            shared: api.0.engine.store().capabilities().many_writers,
        }
    }

    /// Whether to look again; false when the time is over or the server stops.
    pub(crate) async fn wait(&mut self, until: Instant) -> bool {
        if *self.closing.borrow() {
            return false;
        }
        let next = if self.shared { until.min(Instant::now() + LOOK) } else { until };
        tokio::select! {
            woken = timeout_at(next, self.feed.changed()) => match woken {
                Ok(changed) => changed.is_ok(),
                Err(_) => next < until,
            },
            _ = self.closing.changed() => false,
        }
    }
}

/// Streams events as server-sent events, from `Last-Event-ID` on.
#[utoipa::path(get, path = "/v1/events/stream", tag = "events",
    params(StreamQuery, ("Last-Event-ID" = Option<String>, Header, description = "Number of the last event that you have")),
    responses((status = 200, description = "Each event has `id`, `event` (its type) and `data` (as in the list)",
        body = String, content_type = "text/event-stream")))]
pub(crate) async fn stream(
    State(api): State<Api>,
    call: Call,
    headers: HeaderMap,
    Params(query): Params<StreamQuery>,
) -> Result<Response, Problem> {
    let audit = call.caller()?.allows(ScopeName::AuditRead);
    let after = match headers.get("last-event-id") {
        Some(value) => {
            let number = value.to_str().ok().and_then(|text| text.trim().parse::<i64>().ok());
            let number = number.ok_or_else(|| {
                Problem::new(&problem::INVALID_HEADER, "Last-Event-ID must be the number of an event")
            })?;
            check_after(Some(number))?
        }
        None => match query.after {
            Some(after) => check_after(Some(after))?,
            None => api.reads().feed_head().await?,
        },
    };
    check_head(&api, after).await?;
    let alive = KeepAlive::new().interval(api.settings().stream_heartbeat);
    Ok(Sse::new(follow(api, headers, after, audit)).keep_alive(alive).into_response())
}

struct Follower {
    waiter: Waiter,
    api: Api,
    /// Of the request, to look at its caller again.
    headers: HeaderMap,
    after: i64,
    audit: bool,
    /// When its caller is looked at next, however silent the feed is.
    beat: Instant,
    ready: std::vec::IntoIter<EventRow>,
}

fn follow(
    api: Api,
    headers: HeaderMap,
    after: i64,
    audit: bool,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let waiter = Waiter::new(&api);
    let beat = Instant::now() + api.settings().stream_heartbeat;
    let follower = Follower { waiter, api, headers, after, audit, beat, ready: Vec::new().into_iter() };
    futures_util::stream::unfold(follower, |mut follower| async move {
        let row = follower.next().await?;
        let number = row.number;
        let view = EventView::of(row);
        let data = serde_json::to_string(&view).unwrap_or_default();
        let event = Event::default().id(number.to_string()).event(view.kind).data(data);
        Some((Ok(event), follower))
    })
}

impl Follower {
    /// Whether whoever opened the stream still may listen, and to what: sessions end, keys are revoked or expire.
    async fn still_may(&mut self) -> bool {
        match self.api.0.callers.who(&self.api.0.engine, &Method::GET, &self.headers).await {
            Who::Known(caller) => {
                self.audit = caller.allows(ScopeName::AuditRead);
                caller.allows(ScopeName::EventsRead)
            }
            // A database that does not answer ends the stream elsewhere.
            Who::CannotTell(_) => true,
            Who::Anonymous(_) | Who::Foreign => false,
        }
    }

    /// The next event; `None` when the server stops or cannot read, upon which clients connect again, and when whoever
    /// listens may not any more.
    async fn next(&mut self) -> Option<EventRow> {
        loop {
            if let Some(row) = self.ready.next() {
                self.after = row.number;
                if self.audit || !EventView::is_secret(&row) {
                    return Some(row);
                }
                continue;
            }
            match self.api.reads().events(self.after, STREAM_PAGE).await {
                Ok(page) if page.rows.is_empty() => {
                    let woken = self.waiter.wait(self.beat).await;
                    let now = Instant::now();
                    // The end of a wait that nothing interrupted is no reason to end the stream.
                    if now < self.beat {
                        if !woken {
                            return None;
                        }
                        continue;
                    }
                    self.beat = now + self.api.settings().stream_heartbeat;
                    if !self.still_may().await {
                        return None;
                    }
                }
                // Before anything is told; callers are remembered for a second, so a busy feed costs one look in each.
                Ok(page) if self.still_may().await => self.ready = page.rows.into_iter(),
                Ok(_) => return None,
                Err(error) => {
                    tracing::warn!(%error, "a stream of events ends because the database does not answer");
                    return None;
                }
            }
        }
    }
}

/// Lists the events of an order, oldest first.
#[utoipa::path(get, path = "/v1/orders/{id}/events", tag = "orders",
    params(("id" = String, Path, description = "Id of the order"), PageQuery),
    responses((status = 200, description = "A page", body = List<EventView>)))]
pub(crate) async fn of_order(
    State(api): State<Api>,
    call: Call,
    Params(query): Params<PageQuery>,
) -> Result<Response, Problem> {
    let id: OrderId = call.id("order")?;
    let after: i64 = position(query.cursor.as_deref())?.unwrap_or(0);
    let limit = limit(query.limit)?;
    let page = api.reads().events_of(&id.to_string(), after, limit).await?;
    if page.rows.is_empty() && api.reads().order(id).await?.is_none() {
        return Err(Problem::not_found("order", call.name(0)));
    }
    let next = page.rows.last().and_then(|row| crate::body::lists::cursor(&row.number));
    // Of an order, so none of them is of the audit log.
    let mut body = views(page, false);
    body.next_cursor = next.filter(|_| body.has_more);
    found(&body)
}
