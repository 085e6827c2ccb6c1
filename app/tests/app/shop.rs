//! A client that repeats nothing by itself, because tests want to see every answer, but what the database did not hear of.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// What a server answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

#[derive(Clone)]
pub(crate) struct Shop {
    http: reqwest::Client,
    url: String,
    key: String,
}

impl Shop {
    pub(crate) fn new(url: &str, key: &str) -> Self {
        // The process installs this before any connection, and so must we.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        Self {
            http: reqwest::Client::builder().no_proxy().build().expect("a client"),
            url: url.to_owned(),
            key: key.to_owned(),
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.bearer_auth(&self.key).send().await?;
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after,
            body: serde_json::from_slice(&response.bytes().await?).unwrap_or_default(),
        })
    }

    /// Sends it until the database is there. A machine that stands still for half a minute, as shared ones do, is nothing
    /// that a test is about: the server gives its database up then and says so, and nothing was done.
    async fn until_heard(&self, request: impl AsyncFn() -> reqwest::Result<Answer>) -> Answer {
        loop {
            let answer = request().await.expect("an answer");
            if answer.code() != "database_unavailable" {
                return answer;
            }
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let url = format!("{}{path}", self.url);
        self.until_heard(async || self.send(self.http.get(&url)).await).await
    }

    /// An error when the server went away.
    pub(crate) async fn try_post(&self, path: &str, key: &str, body: &Value) -> reqwest::Result<Answer> {
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("Idempotency-Key", key)
            .header("Content-Type", "application/json")
            .body(body.to_string());
        self.send(request).await
    }

    pub(crate) async fn patch(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.http.patch(format!("{}{path}", self.url)).header("Idempotency-Key", key);
        let request = request.header("Content-Type", "application/json").body(body.to_string());
        self.send(request).await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.until_heard(async || self.try_post(path, key, body).await).await
    }

    /// Creates a SKU and receives units of it.
    pub(crate) async fn stock(&self, sku: &str, units: i64) {
        let made = self.post("/v1/skus", &format!("sku-{sku}"), &json!({"sku": sku})).await;
        assert_eq!(made.status, 201, "{made:?}");
        let body = json!({"sku": sku, "quantity": units, "reason": "received"});
        let received = self.post("/v1/stock/adjust", &format!("stock-{sku}"), &body).await;
        assert_eq!(received.status, 200, "{received:?}");
    }

    pub(crate) async fn order(&self, sku: &str, key: &str) -> reqwest::Result<Answer> {
        let body = json!({"lines": [{"sku": sku, "quantity": 1}]});
        self.try_post("/v1/orders", key, &body).await
    }

    pub(crate) async fn reserved(&self, sku: &str) -> i64 {
        let stock = self.get(&format!("/v1/stock/{sku}/main")).await;
        stock.body["reserved"].as_i64().expect("a figure")
    }

    pub(crate) async fn assert_clean(&self) {
        let report = self.post("/v1/verify", "verify", &json!({})).await;
        assert_eq!(report.body["clean"], true, "{report:?}");
    }
}

/// What became of the orders of a crowd.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// Keys that were answered 201, with the id of the order.
    pub(crate) acknowledged: Vec<(String, String)>,
    /// Keys that were sent and got no such answer.
    pub(crate) unanswered: Vec<String>,
}

/// `buyers` order one unit after the other until the server goes away, which `enough` brings about: it is called once
/// after so many acknowledged orders.
pub(crate) async fn crowd(
    shop: &Shop,
    sku: &'static str,
    name: &str,
    buyers: usize,
    enough_after: usize,
    enough: impl FnOnce(),
) -> Crowd {
    let result = Arc::new(Mutex::new(Crowd::default()));
    let count = Arc::new(AtomicUsize::new(0));
    let enough_signal = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    for buyer in 0..buyers {
        let (shop, result, count) = (shop.clone(), result.clone(), count.clone());
        let (signal, name) = (enough_signal.clone(), name.to_owned());
        tasks.spawn(async move {
            for number in 0.. {
                let key = format!("{name}-{buyer:03}-{number:06}");
                match shop.order(sku, &key).await {
                    Ok(answer) if answer.status == 201 => {
                        let id = answer.body["id"].as_str().expect("an id").to_owned();
                        result.lock().expect("unlocked").acknowledged.push((key, id));
                        if count.fetch_add(1, Ordering::Relaxed) + 1 == enough_after {
                            signal.notify_one();
                        }
                    }
                    _ => {
                        result.lock().expect("unlocked").unanswered.push(key);
                        return;
                    }
                }
            }
        });
    }
    enough_signal.notified().await;
    enough();
    while let Some(ended) = tasks.join_next().await {
        ended.expect("a buyer");
    }
    Arc::into_inner(result).expect("ended").into_inner().expect("unlocked")
}
