//! An integrator's webhook address.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::sync::mpsc;

/// A message as it arrived.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) signature: String,
    pub(crate) raw: Bytes,
    pub(crate) body: Value,
}

/// Receives everything and answers 200 with no body, unless it has been told otherwise.
pub(crate) struct Hook {
    pub(crate) url: String,
    arrived: mpsc::UnboundedReceiver<Delivery>,
    answers: Answers,
}

/// The next answers, the first one first.
type Answers = Arc<Mutex<VecDeque<(u16, &'static str)>>>;

impl Hook {
    pub(crate) async fn start() -> Hook {
        let (sender, arrived) = mpsc::unbounded_channel();
        let answers = Answers::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/market?tenant=1", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state((sender, Arc::clone(&answers)));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Hook { url, arrived, answers }
    }

    /// The next deliveries are answered like this; those after them with 200 and no body.
    pub(crate) fn answer_next(&self, answers: impl IntoIterator<Item = (u16, &'static str)>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// The next message; it must come within ten seconds.
    pub(crate) async fn next(&mut self) -> Delivery {
        let wait = tokio::time::timeout(Duration::from_secs(10), self.arrived.recv());
        wait.await.unwrap().unwrap()
    }

    /// A message that has arrived already.
    pub(crate) fn there(&mut self) -> Option<Delivery> {
        self.arrived.try_recv().ok()
    }
}

async fn receive(
    State((sender, answers)): State<(mpsc::UnboundedSender<Delivery>, Answers)>,
    headers: HeaderMap,
    raw: Bytes,
) -> (StatusCode, &'static str) {
    let signature = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let body = serde_json::from_slice(&raw).unwrap();
    sender.send(Delivery { signature: signature.unwrap_or_default(), raw, body }).unwrap();
    let (status, text) = answers.lock().unwrap().pop_front().unwrap_or((200, ""));
    (StatusCode::from_u16(status).unwrap(), text)
}
