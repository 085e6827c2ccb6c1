//! An app on Lazada, written from the marketplace's documents.

use std::time::{SystemTime, UNIX_EPOCH};

use onhand_sandbox::{App, Market, hmac_hex};
use serde_json::Value;

use crate::probe::Probe;

/// An app, and what it has for one seller.
#[derive(Clone)]
pub(crate) struct LazadaApp<'a> {
    pub(crate) probe: &'a Probe,
    pub(crate) access: String,
    pub(crate) refresh: String,
    /// Milliseconds that its clock is wrong by.
    pub(crate) clock_off: i64,
}

/// Parameters of a call.
pub(crate) type Parameters = Vec<(String, String)>;

impl<'a> LazadaApp<'a> {
    /// Goes through the consent page and the exchange of the code.
    pub(crate) async fn connect(probe: &'a Probe) -> LazadaApp<'a> {
        let mut app = LazadaApp::unconnected(probe);
        let tokens = app.exchange(&app.consent().await).await;
        assert_eq!(tokens["code"], "0", "{tokens}");
        app.keep(&tokens);
        app
    }

    pub(crate) fn unconnected(probe: &'a Probe) -> LazadaApp<'a> {
        LazadaApp { probe, access: String::new(), refresh: String::new(), clock_off: 0 }
    }

    pub(crate) fn keys(&self) -> &App {
        self.probe.sandbox.app(Market::Lazada)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/rest{path}", self.probe.sandbox.urls().lazada.api)
    }

    /// The code that the seller's browser brings back.
    pub(crate) async fn consent(&self) -> String {
        let query = [
            ("response_type", "code"),
            ("force_auth", "true"),
            ("redirect_uri", "https://onhand.example/back?tenant=1"),
            ("client_id", self.keys().app_id.as_str()),
            ("state", "s t&a"),
            ("auto", "1"),
        ];
        let to = &self.probe.sandbox.urls().lazada.consent;
        let answer = self.probe.http.get(to).query(&query).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        let to = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        let found = |name: &str| to.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
        assert_eq!((found("state"), found("tenant")), ("s t&a".to_owned(), "1".to_owned()));
        found("code")
    }

    pub(crate) async fn exchange(&self, code: &str) -> Value {
        self.get("/auth/token/create", &[("code", code)]).await
    }

    pub(crate) async fn refresh_with(&self, token: &str) -> Value {
        self.post("/auth/token/refresh", &[("refresh_token", token)]).await
    }

    pub(crate) fn keep(&mut self, tokens: &Value) {
        self.access = tokens["access_token"].as_str().unwrap().to_owned();
        self.refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    }

    /// Now by the app's clock, in milliseconds.
    pub(crate) fn now(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        now.as_millis() as i64 + self.clock_off
    }

    /// The parameters of a call before it is signed.
    pub(crate) fn parameters(&self, path: &str, more: &[(&str, &str)]) -> Parameters {
        let mut all: Parameters = more.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        all.push(("app_key".to_owned(), self.keys().app_id.clone()));
        all.push(("timestamp".to_owned(), self.now().to_string()));
        all.push(("sign_method".to_owned(), "sha256".to_owned()));
        if !path.starts_with("/auth/") {
            all.push(("access_token".to_owned(), self.access.clone()));
        }
        all
    }

    pub(crate) fn sign(&self, path: &str, parameters: &Parameters) -> String {
        let mut sorted = parameters.clone();
        sorted.sort();
        let text: String = sorted.into_iter().map(|(name, value)| format!("{name}{value}")).collect();
        hmac_hex(&self.keys().secret, format!("{path}{text}").as_bytes()).to_uppercase()
    }

    fn signed(&self, path: &str, more: &[(&str, &str)]) -> Parameters {
        let mut all = self.parameters(path, more);
        all.push(("sign".to_owned(), self.sign(path, &all)));
        all
    }

    /// A call exactly as given, in the query.
    pub(crate) async fn raw(&self, path: &str, parameters: &Parameters) -> Value {
        let answer = self.probe.http.get(self.url(path)).query(parameters).send().await.unwrap();
        assert_eq!(answer.status(), 200, "faults come with status 200");
        answer.json().await.unwrap()
    }

    /// Everything in the query.
    pub(crate) async fn get(&self, path: &str, more: &[(&str, &str)]) -> Value {
        self.raw(path, &self.signed(path, more)).await
    }

    /// Everything in the form.
    pub(crate) async fn post(&self, path: &str, more: &[(&str, &str)]) -> Value {
        let form = self.signed(path, more);
        let answer = self.probe.http.post(self.url(path)).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), 200, "faults come with status 200");
        answer.json().await.unwrap()
    }

    /// System parameters in the query, the others in the form.
    pub(crate) async fn post_mixed(&self, path: &str, more: &[(&str, &str)]) -> Value {
        let all = self.signed(path, more);
        let (form, query) = all.split_at(more.len());
        let request = self.probe.http.post(self.url(path)).query(query).form(form);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// The number of the first shop, as text.
    pub(crate) async fn account(&self) -> String {
        let state = self.probe.look("/control/state").await;
        let shops = state["shops"].as_array().unwrap();
        shops.iter().find(|shop| shop["market"] == "lazada").unwrap()["shop"].as_str().unwrap().to_owned()
    }

    /// The items of one order, which must be there.
    pub(crate) async fn items(&self, order: &str) -> Vec<Value> {
        let found = self.get("/order/items/get", &[("order_id", order)]).await;
        assert_eq!(found["code"], "0", "{found}");
        found["data"].as_array().unwrap().clone()
    }
}
