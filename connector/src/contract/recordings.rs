//! A marketplace that says what it was told to say, and remembers what it was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// An answer to give.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Beside those that every answer has.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Reply {
    /// JSON with this status.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    /// A page of HTML with this status.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
        Self { status, headers, body: b"<html><body>We are working on it</body></html>".to_vec() }
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `GET` or `POST`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// As it was sent.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As it was sent.
    pub body: Vec<u8>,
}

impl Recorded {
    /// The query, decoded, in the order in which it was sent.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, String)> {
        decode_pairs(&self.query)
    }

    /// The body as a form, decoded.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        decode_pairs(std::str::from_utf8(&self.body).expect("a form is text"))
    }

    /// One parameter, of the query or of the form.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let in_form = self.header("content-type").is_some_and(|kind| kind.contains("form"));
        let form = if in_form { self.form() } else { Vec::new() };
        self.parameters().into_iter().chain(form).find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}

fn decode_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            b'+' => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8(out).unwrap()
}

#[derive(Default)]
struct Script {
    answers: HashMap<(String, String), VecDeque<Reply>>,
    anything: Option<Reply>,
    seen: Vec<Recorded>,
}

/// The server. It ends when it is dropped.
pub struct Recordings {
    url: String,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
    heard: Arc<Notify>,
}

impl Drop for Recordings {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Recordings {
    /// Listens on a free port of this machine.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script::default()));
        let heard = Arc::new(Notify::new());
        let router = Router::new().fallback(serve).with_state((Arc::clone(&script), Arc::clone(&heard)));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, script, task, heard }
    }

    /// Where it is, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Queues an answer. The last one of a path is given again and again.
    pub fn answer(&self, method: &str, path: &str, body: &Value) {
        self.reply(method, path, Reply::json(200, body));
    }

    /// Queues any answer.
    pub fn reply(&self, method: &str, path: &str, reply: Reply) {
        let mut script = self.script.lock().unwrap();
        script.answers.entry((method.to_owned(), path.to_owned())).or_default().push_back(reply);
    }

    /// Queues the answer of a recording: `{"method", "path", "status", "body"}`. Gives its body.
    pub fn recording(&self, text: &str) -> Value {
        let recording: Value = serde_json::from_str(text).expect("a recording is JSON");
        let status =
            recording["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
        let (method, path) = (recording["method"].as_str().unwrap(), recording["path"].as_str().unwrap());
        self.reply(method, path, Reply::json(status, &recording["body"]));
        recording["body"].clone()
    }

    /// Answers everything with this, whatever was queued; `None` ends it.
    pub fn anything(&self, reply: Option<Reply>) {
        self.script.lock().unwrap().anything = reply;
    }

    /// What was asked since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.script.lock().unwrap().seen)
    }

    /// Waits for a request that fits, and takes it and all before it.
    pub async fn wait_for(&self, fits: impl Fn(&Recorded) -> bool) -> Recorded {
        loop {
            let heard = self.heard.notified();
            {
                let mut script = self.script.lock().unwrap();
                if let Some(at) = script.seen.iter().position(&fits) {
                    return script.seen.drain(..=at).next_back().unwrap();
                }
            }
            let patience = std::time::Duration::from_secs(20);
            tokio::time::timeout(patience, heard).await.expect("no such request came");
        }
    }

    /// The one request that was made since the last time.
    #[must_use]
    pub fn only(&self) -> Recorded {
        let mut seen = self.take();
        assert_eq!(seen.len(), 1, "one request was expected: {seen:?}");
        seen.remove(0)
    }
}

async fn serve(
    State((script, heard)): State<(Arc<Mutex<Script>>, Arc<Notify>)>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let body: Bytes = to_bytes(body, 16 << 20).await.unwrap();
    let recorded = Recorded {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: body.to_vec(),
    };
    let mut script = script.lock().unwrap();
    let key = (recorded.method.clone(), recorded.path.clone());
    let reply = script.anything.clone().unwrap_or_else(|| match script.answers.get_mut(&key) {
        Some(queue) if queue.len() > 1 => queue.pop_front().unwrap(),
        Some(queue) => queue.front().unwrap().clone(),
        // Neither JSON nor a status that means anything: every connector fails on it.
        None => Reply { status: 418, headers: Vec::new(), body: format!("no recording of {key:?}").into() },
    });
    script.seen.push(recorded);
    heard.notify_waiters();
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(reply.body.into()).unwrap()
}
