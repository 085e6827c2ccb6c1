//! A client of the API that does not give up at the first failure: every change carries an idempotency key, so sending
//! it again is always safe.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::Method;
use reqwest::header::RETRY_AFTER;
use serde::Serialize;
use serde_json::Value;

/// The longest wait between two attempts, whatever the server asks for.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// The first wait, doubled each time.
const WAIT_MIN: Duration = Duration::from_millis(20);
/// Rows of one page.
pub(crate) const PAGE: usize = 200;

/// What a server answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether it is the stored outcome of an earlier request with the same key.
    pub(crate) replayed: bool,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The stable code of a problem; empty for a success.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The problem in words.
    pub(crate) fn problem(&self) -> String {
        problem_of(self.status, &self.body)
    }

    /// The body of a success.
    pub(crate) fn into_ok(self, what: &str) -> anyhow::Result<Value> {
        if self.is_ok() {
            return Ok(self.body);
        }
        bail!("{what}: {}", self.problem())
    }
}

/// A problem document in one line.
pub(crate) fn problem_of(status: u16, body: &Value) -> String {
    let text = |name: &str| body[name].as_str();
    let mut line = match (text("detail").or(text("title")), text("code")) {
        (Some(detail), Some(code)) => format!("{detail} ({status} {code})"),
        _ => format!("status {status}"),
    };
    for error in body["errors"].as_array().into_iter().flatten() {
        if let (Some(pointer), Some(detail)) = (error["pointer"].as_str(), error["detail"].as_str()) {
            line.push_str(&format!("; {pointer}: {detail}"));
        }
    }
    line
}

/// A client of one server with one API key. Its connections are kept open.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
    /// For how long a request is sent again and again.
    patience: Duration,
    retries: AtomicU64,
}

impl Client {
    /// For up to `connections` requests at once.
    pub(crate) fn new(base: &str, key: &str, connections: usize, patience: Duration) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        let url = reqwest::Url::parse(&base).with_context(|| format!("`{base}` is no URL"))?;
        let mut http = reqwest::Client::builder()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(connections.max(1))
            // Shorter than the server's, so that a request seldom meets a connection that is just being closed.
            .pool_idle_timeout(Duration::from_secs(5))
            .connect_timeout(Duration::from_secs(5));
        // A proxy for the outside world cannot reach our own loopback.
        if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            http = http.no_proxy();
        }
        Ok(Self { http: http.build()?, base, key: key.to_owned(), patience, retries: AtomicU64::new(0) })
    }

    /// Requests that had to be sent again.
    pub(crate) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Reads; anything but a success is an error.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, path, None, None).await?.into_ok(&format!("GET {path}"))
    }

    /// Changes something under an idempotency key; refusals are answers.
    pub(crate) async fn post(&self, path: &str, body: &impl Serialize, key: &str) -> anyhow::Result<Answer> {
        self.send(Method::POST, path, Some(serde_json::to_vec(body)?), Some(key)).await
    }

    /// As [`Self::post`], with PATCH.
    pub(crate) async fn patch(&self, path: &str, body: &impl Serialize, key: &str) -> anyhow::Result<Answer> {
        self.send(Method::PATCH, path, Some(serde_json::to_vec(body)?), Some(key)).await
    }

    /// As [`Self::post`], with DELETE.
    pub(crate) async fn delete(&self, path: &str, key: &str) -> anyhow::Result<Answer> {
        self.send(Method::DELETE, path, None, Some(key)).await
    }

    /// As [`Self::post`], but sent once: who repeats it wants to know what became of each attempt.
    ///
    /// # Errors
    /// When there is no answer, so that nobody knows what has become of it.
    pub(crate) async fn post_once(
        &self,
        path: &str,
        body: &impl Serialize,
        key: &str,
    ) -> anyhow::Result<Answer> {
        let request = self.request(Method::POST, path, Some(serde_json::to_vec(body)?), Some(key))?;
        Ok(self.attempt(request).await?.0)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        key: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let what = format!("{method} {path}");
        let request = self.request(method, path, body, key)?;
        let begun = Instant::now();
        let mut wait = WAIT_MIN;
        loop {
            // The body is shared, not copied.
            let attempt = request.try_clone().context("the body cannot be sent twice")?;
            let (asked, why) = match self.attempt(attempt).await {
                Ok((answer, asked)) if is_temporary(answer.status) => (asked, answer.problem()),
                Ok((answer, _)) => return Ok(answer),
                Err(error) => (None, format!("{:#}", anyhow::Error::new(error))),
            };
            let pause = asked.unwrap_or(wait).min(WAIT_MAX);
            if begun.elapsed() + pause > self.patience {
                bail!("{what}: gave up after {:.0?}: {why}", begun.elapsed());
            }
            tracing::debug!(%what, %why, ?pause, "sending it again");
            self.retries.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(pause).await;
            wait = (wait * 2).min(WAIT_MAX);
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        key: Option<&str>,
    ) -> anyhow::Result<reqwest::Request> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body);
        }
        Ok(request.build()?)
    }

    async fn attempt(&self, request: reqwest::Request) -> reqwest::Result<(Answer, Option<Duration>)> {
        let response = self.http.execute(request).await?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let replayed = header("idempotency-replayed") == Some("true");
        let asked =
            header(RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let bytes = response.bytes().await?;
        // What is not JSON is not ours (a proxy's page); the status says enough.
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok((Answer { status, replayed, body }, asked))
    }

    /// Begins to read a list.
    pub(crate) fn list(&self, path: &str) -> List<'_> {
        let mark = if path.contains('?') { '&' } else { '?' };
        List { client: self, path: format!("{path}{mark}limit={PAGE}"), cursor: None, ended: false }
    }
}

/// Whether the same request may succeed later: overload, a database out of reach or full, an unknown outcome, and what
/// proxies say while a server restarts.
pub(crate) fn is_temporary(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504 | 507)
}

/// A list, read page by page.
pub(crate) struct List<'a> {
    client: &'a Client,
    path: String,
    cursor: Option<String>,
    ended: bool,
}

impl List<'_> {
    /// The rows of the next page; none after the last one.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Vec<Value>>> {
        if self.ended {
            return Ok(None);
        }
        let path = match &self.cursor {
            None => self.path.clone(),
            Some(cursor) => format!("{}&cursor={}", self.path, escaped(cursor)),
        };
        let mut page = self.client.get(&path).await?;
        self.cursor = page["next_cursor"].as_str().map(str::to_owned);
        self.ended = !page["has_more"].as_bool().unwrap_or_default() || self.cursor.is_none();
        match page["data"].take() {
            Value::Array(rows) => Ok(Some(rows)),
            _ => bail!("GET {path}: not a list"),
        }
    }
}

/// A text as one segment of a path or one value of a query.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            safe.push(char::from(byte));
        } else {
            safe.push_str(&format!("%{byte:02X}"));
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_survive_as_segments() {
        assert_eq!(escaped("85123A"), "85123A");
        assert_eq!(escaped("BANK CHARGES"), "BANK%20CHARGES");
        assert_eq!(escaped("a/b?c#d%é"), "a%2Fb%3Fc%23d%25%C3%A9");
    }

    #[test]
    fn a_problem_names_its_fields() {
        let body = serde_json::json!({
            "code": "invalid", "detail": "not valid",
            "errors": [{"pointer": "/lines/0/quantity", "detail": "must be at least 1"}],
        });
        assert_eq!(problem_of(422, &body), "not valid (422 invalid); /lines/0/quantity: must be at least 1");
        assert_eq!(problem_of(502, &Value::Null), "status 502");
    }

    #[test]
    fn a_refusal_is_final_and_an_overload_is_not() {
        assert!(is_temporary(503) && is_temporary(429));
        assert!(!is_temporary(409) && !is_temporary(500) && !is_temporary(201));
    }
}
