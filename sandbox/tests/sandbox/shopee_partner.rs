//! An app on Shopee, written from the marketplace's documents.

use onhand_sandbox::{Market, hmac_hex};
use serde_json::{Value, json};

use crate::probe::Probe;

/// An app, and what it has for one shop.
#[derive(Clone)]
pub(crate) struct Partner<'a> {
    pub(crate) probe: &'a Probe,
    pub(crate) shop: u64,
    pub(crate) access: String,
    pub(crate) refresh: String,
    /// Seconds that its clock is wrong by.
    pub(crate) clock_off: i64,
}

impl<'a> Partner<'a> {
    /// Goes through the consent page and the exchange of the code.
    pub(crate) async fn connect(probe: &'a Probe) -> Partner<'a> {
        let mut partner = Partner::unconnected(probe);
        let (code, shop) = partner.consent().await;
        partner.shop = shop;
        let tokens = partner.exchange(&code, shop).await;
        assert_eq!(tokens["error"], "", "{tokens}");
        partner.keep(&tokens);
        partner
    }

    pub(crate) fn unconnected(probe: &'a Probe) -> Partner<'a> {
        Partner { probe, shop: 0, access: String::new(), refresh: String::new(), clock_off: 0 }
    }

    /// The same app with its clock wrong by so many seconds.
    pub(crate) fn at(&self, clock_off: i64) -> Partner<'a> {
        Partner { clock_off, ..self.clone() }
    }

    /// What the seller's browser brings back: the code and the shop.
    pub(crate) async fn consent(&self) -> (String, u64) {
        let path = "/api/v2/shop/auth_partner";
        let mut query = self.public_query(path);
        query.push(("redirect".into(), "https://onhand.example/back?state=xyz".into()));
        query.push(("auto".into(), "1".into()));
        let answer = self.probe.http.get(self.url(path)).query(&query).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        let to = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        let found = |name: &str| to.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
        assert_eq!(found("state"), "xyz", "the state travels in the redirect");
        (found("code"), found("shop_id").parse().unwrap())
    }

    pub(crate) async fn exchange(&self, code: &str, shop: u64) -> Value {
        let body = json!({"code": code, "partner_id": self.partner_id(), "shop_id": shop});
        self.public_post("/api/v2/auth/token/get", body).await
    }

    pub(crate) async fn refresh_with(&self, token: &str) -> Value {
        let body = json!({"refresh_token": token, "partner_id": self.partner_id(), "shop_id": self.shop});
        self.public_post("/api/v2/auth/access_token/get", body).await
    }

    pub(crate) fn keep(&mut self, tokens: &Value) {
        self.access = tokens["access_token"].as_str().unwrap().to_owned();
        self.refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    }

    pub(crate) async fn public_post(&self, path: &str, body: Value) -> Value {
        let query = self.public_query(path);
        self.probe
            .http
            .post(self.url(path))
            .query(&query)
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    pub(crate) async fn public_get(&self, path: &str) -> Value {
        let query = self.public_query(path);
        self.probe.http.get(self.url(path)).query(&query).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, more: &[(&str, &str)]) -> Value {
        self.get_raw(path, more).await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn get_raw(
        &self,
        path: &str,
        more: &[(&str, &str)],
    ) -> Result<reqwest::Response, reqwest::Error> {
        self.probe.http.get(self.url(path)).query(&self.shop_query(path)).query(more).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.post_raw(path, body).await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn post_raw(
        &self,
        path: &str,
        body: Value,
    ) -> Result<reqwest::Response, reqwest::Error> {
        self.probe.http.post(self.url(path)).query(&self.shop_query(path)).json(&body).send().await
    }

    /// Sets the stock of models of one item.
    pub(crate) async fn set_stock(&self, item: u64, models: &[(u64, i64)]) -> Value {
        let list: Vec<Value> = models
            .iter()
            .map(|(model, stock)| json!({"model_id": model, "seller_stock": [{"stock": stock}]}))
            .collect();
        self.post("/api/v2/product/update_stock", json!({"item_id": item, "stock_list": list})).await
    }

    pub(crate) fn partner_id(&self) -> u64 {
        self.probe.sandbox.app(Market::Shopee).app_id.parse().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.probe.sandbox.urls().shopee.api)
    }

    pub(crate) fn public_query(&self, path: &str) -> Vec<(String, String)> {
        self.signed(path, "")
    }

    pub(crate) fn shop_query(&self, path: &str) -> Vec<(String, String)> {
        let mut query = self.signed(path, &format!("{}{}", self.access, self.shop));
        query.push(("access_token".into(), self.access.clone()));
        query.push(("shop_id".into(), self.shop.to_string()));
        query
    }

    fn signed(&self, path: &str, rest: &str) -> Vec<(String, String)> {
        let app = self.probe.sandbox.app(Market::Shopee);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let timestamp = now.as_secs() as i64 + self.clock_off;
        let sign = hmac_hex(&app.secret, format!("{}{path}{timestamp}{rest}", app.app_id).as_bytes());
        vec![
            ("partner_id".into(), app.app_id.clone()),
            ("timestamp".into(), timestamp.to_string()),
            ("sign".into(), sign),
        ]
    }
}
