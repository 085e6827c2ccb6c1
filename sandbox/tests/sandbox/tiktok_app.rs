//! An app on TikTok Shop, written from the marketplace's documents.

use std::time::{SystemTime, UNIX_EPOCH};

use onhand_sandbox::{App, Market, hmac_hex};
use reqwest::Method;
use serde_json::Value;

use crate::probe::Probe;

/// An app, and what it has for one shop.
#[derive(Clone)]
pub(crate) struct TiktokApp<'a> {
    pub(crate) probe: &'a Probe,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) cipher: String,
    /// Seconds that its clock is wrong by.
    pub(crate) clock_off: i64,
}

/// Parameters of a query.
pub(crate) type Query = Vec<(String, String)>;

impl<'a> TiktokApp<'a> {
    /// Goes through the consent page, the exchange of the code and the list of shops.
    pub(crate) async fn connect(probe: &'a Probe) -> TiktokApp<'a> {
        let mut app = TiktokApp::unconnected(probe);
        let tokens = app.exchange(&app.consent().await).await;
        assert_eq!(tokens["code"], 0, "{tokens}");
        app.keep(&tokens);
        let shops = app.get("/authorization/202309/shops", &[]).await;
        app.cipher = shops["data"]["shops"][0]["cipher"].as_str().unwrap().to_owned();
        app
    }

    pub(crate) fn unconnected(probe: &'a Probe) -> TiktokApp<'a> {
        let none = String::new;
        TiktokApp { probe, access: none(), refresh: none(), cipher: none(), clock_off: 0 }
    }

    pub(crate) fn keys(&self) -> &App {
        self.probe.sandbox.app(Market::Tiktok)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.probe.sandbox.urls().tiktok.api)
    }

    /// The code that the seller's browser brings back.
    pub(crate) async fn consent(&self) -> String {
        let query = [
            ("service_id", self.keys().service_id.as_str()),
            ("state", "s t&a"),
            ("redirect_uri", "https://onhand.example/back"),
            ("auto", "1"),
        ];
        let to = &self.probe.sandbox.urls().tiktok.consent;
        let answer = self.probe.http.get(to).query(&query).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        let to = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        let found = |name: &str| to.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
        assert_eq!(found("state"), "s t&a");
        found("code")
    }

    pub(crate) async fn exchange(&self, code: &str) -> Value {
        self.token("get", &[("auth_code", code), ("grant_type", "authorized_code")]).await
    }

    pub(crate) async fn refresh_with(&self, token: &str) -> Value {
        self.token("refresh", &[("refresh_token", token), ("grant_type", "refresh_token")]).await
    }

    /// The token host: nothing is signed.
    pub(crate) async fn token(&self, what: &str, more: &[(&str, &str)]) -> Value {
        let mut query = vec![("app_key", self.keys().app_id.as_str()), ("app_secret", &self.keys().secret)];
        query.extend(more);
        let url = self.url(&format!("/api/v2/token/{what}"));
        self.probe.http.get(url).query(&query).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) fn keep(&mut self, tokens: &Value) {
        self.access = tokens["data"]["access_token"].as_str().unwrap().to_owned();
        self.refresh = tokens["data"]["refresh_token"].as_str().unwrap().to_owned();
    }

    /// Now by the app's clock, in seconds.
    pub(crate) fn now(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_secs() as i64 + self.clock_off
    }

    /// The query of a call before it is signed.
    pub(crate) fn query(&self, more: &[(&str, &str)]) -> Query {
        let mut query = vec![
            ("app_key".to_owned(), self.keys().app_id.clone()),
            ("timestamp".to_owned(), self.now().to_string()),
        ];
        if !self.cipher.is_empty() {
            query.push(("shop_cipher".to_owned(), self.cipher.clone()));
        }
        query.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        query
    }

    pub(crate) fn sign(&self, path: &str, query: &Query, body: &str) -> String {
        let mut sorted = query.clone();
        sorted.sort();
        let query: String = sorted.into_iter().map(|(name, value)| format!("{name}{value}")).collect();
        let secret = &self.keys().secret;
        hmac_hex(secret, format!("{secret}{path}{query}{body}{secret}").as_bytes())
    }

    /// A call with its status, exactly as given.
    pub(crate) async fn raw(&self, method: Method, path: &str, query: &Query, body: &str) -> (u16, Value) {
        let request = self
            .probe
            .http
            .request(method, self.url(path))
            .query(query)
            .header("content-type", "application/json")
            .header("x-tts-access-token", &self.access)
            .body(body.to_owned());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// A signed call with its status.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> (u16, Value) {
        let mut query = self.query(more);
        query.push(("sign".to_owned(), self.sign(path, &query, body)));
        self.raw(method, path, &query, body).await
    }

    pub(crate) async fn get(&self, path: &str, more: &[(&str, &str)]) -> Value {
        self.call(Method::GET, path, more, "").await.1
    }

    pub(crate) async fn post(&self, path: &str, more: &[(&str, &str)], body: Value) -> Value {
        self.call(Method::POST, path, more, &body.to_string()).await.1
    }

    /// The number of the first shop, as text.
    pub(crate) async fn account(&self) -> String {
        let state = self.probe.look("/control/state").await;
        let shops = state["shops"].as_array().unwrap();
        shops.iter().find(|shop| shop["market"] == "tiktok").unwrap()["shop"].as_str().unwrap().to_owned()
    }

    /// One order, which must be there.
    pub(crate) async fn order(&self, id: &str) -> Value {
        let found = self.get("/order/202507/orders", &[("ids", id)]).await;
        assert_eq!(found["code"], 0, "{found}");
        found["data"]["orders"][0].clone()
    }
}
