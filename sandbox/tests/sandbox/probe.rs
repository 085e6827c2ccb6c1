//! A running sandbox and its control API.

use onhand_sandbox::{Market, Options, Sandbox};
use serde_json::Value;

/// A sandbox of a test's own.
pub(crate) struct Probe {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: reqwest::Client,
}

impl Probe {
    pub(crate) async fn start() -> Probe {
        Probe::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Probe {
        let sandbox = Sandbox::start(options).await.unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Probe { sandbox, http }
    }

    /// What the control API says to this path.
    pub(crate) async fn look(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.sandbox.urls().control);
        let answer = self.http.get(url).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// What the control API does; with its status.
    pub(crate) async fn try_tell(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.sandbox.urls().control);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// As [`Probe::try_tell`], where nothing may go wrong.
    pub(crate) async fn tell(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_tell(path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// The listing of this code in one market.
    pub(crate) async fn listing(&self, market: Market, seller_sku: &str) -> Value {
        let path = format!("/control/listings?market={}&seller_sku={seller_sku}&history=100", market.name());
        let listings = self.look(&path).await;
        let listings = listings["listings"].as_array().unwrap().clone();
        assert_eq!(listings.len(), 1, "{seller_sku}");
        let mut listing = listings[0].clone();
        // Told as text for the sake of JavaScript.
        for name in ["item", "variant"] {
            listing[name] = number(&listing[name]).into();
        }
        listing
    }
}

/// A number that the control API tells as text.
pub(crate) fn number(told: &Value) -> u64 {
    told.as_str().unwrap().parse().unwrap()
}
