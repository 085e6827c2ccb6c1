//! Sends what is due.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;

use super::Pending;
use crate::hub::Hub;

/// So many messages are on the wire at once.
const AT_ONCE: usize = 64;

/// The task that sends.
pub(crate) struct Sender {
    hub: Arc<Hub>,
    client: reqwest::Client,
    places: Arc<Semaphore>,
}

impl Sender {
    pub(crate) fn new(hub: Arc<Hub>) -> Result<Sender, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(AT_ONCE)
            .build()?;
        Ok(Sender { hub, client, places: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// Never ends by itself.
    pub(crate) async fn run(self) {
        loop {
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
            match self.hub.outbox.take(Instant::now()) {
                Ok((pending, url)) => {
                    let (hub, client) = (Arc::clone(&self.hub), self.client.clone());
                    tokio::spawn(async move {
                        let succeeded = attempt(&hub, &client, &pending, &url).await;
                        let rules = hub.dialect(pending.shop.market).delivery();
                        hub.outbox.finished(pending, succeeded, &rules);
                        drop(place);
                    });
                }
                Err(next) => {
                    drop(place);
                    let news = self.hub.outbox.wake.notified();
                    match next {
                        None => news.await,
                        Some(due) => tokio::select! {
                            () = news => {}
                            () = tokio::time::sleep_until(due.into()) => {}
                        },
                    }
                }
            }
        }
    }
}

/// One attempt, judged by the rules of the marketplace.
async fn attempt(hub: &Hub, client: &reqwest::Client, pending: &Pending, url: &str) -> bool {
    let market = pending.shop.market;
    let dialect = hub.dialect(market);
    let rules = dialect.delivery();
    let body = if pending.tried == 0 {
        pending.message.to_string()
    } else {
        hub.anywhere(|world, _| dialect.again(world, pending.shop, &pending.message)).to_string()
    };
    let mut request = client.post(url).timeout(rules.answer_within);
    for (name, value) in dialect.sign(hub.app(market), url, body.as_bytes()) {
        request = request.header(name, value);
    }
    let Ok(answer) = request.header("content-type", "application/json").body(body).send().await else {
        return false;
    };
    let good = if rules.only_200 { answer.status().as_u16() == 200 } else { answer.status().is_success() };
    match answer.bytes().await {
        Ok(body) => good && (body.is_empty() || !rules.empty_body),
        Err(_) => false,
    }
}
