//! Sending signed requests and judging the answers.

use onhand_connector::http::{Answer, Http, Request};
use onhand_connector::{AppKeys, Call, Class, Failure, Grant};
use serde_json::Value;
use tokio::time::Instant;

use super::{failure, sign};

/// The requests of one call. They share its time.
pub(super) struct Session<'a> {
    http: &'a Http,
    /// What surrounds them.
    pub(super) call: &'a Call,
    until: Instant,
}

impl<'a> Session<'a> {
    pub(super) fn new(http: &'a Http, call: &'a Call) -> Self {
        Self { http, call, until: http.until(call) }
    }

    pub(super) fn app(&self) -> &AppKeys {
        &self.call.app
    }

    pub(super) fn grant(&self) -> Result<&Grant, Failure> {
        let missing = || Failure::new(Class::Invalid, "no_grant", "the call needs a grant and has none");
        self.call.grant.as_deref().ok_or_else(missing)
    }

    /// The query that every request carries, and the request, not yet sent.
    fn prepare(&self, path: &str, for_shop: bool, body: Option<&Value>) -> Result<Request, Failure> {
        let app = self.app();
        let seconds = self.call.now.div_euclid(1000);
        let mut request = match body {
            Some(body) => {
                Request::post(&app.api_url, path, "application/json", body.to_string().into_bytes())
            }
            None => Request::get(&app.api_url, path),
        };
        request = request.hiding(&app.secret);
        request = request.query([("partner_id", app.id.clone()), ("timestamp", seconds.to_string())]);
        let signature = if for_shop {
            let grant = self.grant()?;
            let (token, shop) = (grant.access_token.clone(), grant.account.clone());
            let signature = sign::shop(&app.secret, &app.id, path, seconds, &token, &shop);
            request = request.hiding(&token).hiding(&grant.refresh_token);
            request = request.query([("access_token", token.expose().to_owned()), ("shop_id", shop)]);
            signature
        } else {
            sign::public(&app.secret, &app.id, path, seconds)
        };
        Ok(request.query([("sign", signature)]))
    }

    /// A GET for the shop.
    pub(super) async fn get(&self, path: &str, query: Vec<(&str, String)>) -> Result<Answer, Failure> {
        let request = self.prepare(path, true, None)?.query(query);
        self.judged(self.http.send(request, self.until).await?)
    }

    /// A POST for the shop.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.judged(self.post_unjudged(path, body).await?)
    }

    /// A POST for the shop, whose answer the caller judges.
    pub(super) async fn post_unjudged(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        let request = self.prepare(path, true, Some(body))?;
        self.http.send(request, self.until).await
    }

    /// A GET for the app.
    pub(super) async fn public_get(&self, path: &str, query: Vec<(&str, String)>) -> Result<Answer, Failure> {
        let request = self.prepare(path, false, None)?.query(query);
        self.judged(self.http.send(request, self.until).await?)
    }

    /// A POST for the app. `code` or tokens in `body` are named to be hidden.
    pub(super) async fn public_post(
        &self,
        path: &str,
        body: &Value,
        hide: &onhand_connector::Secret,
    ) -> Result<Answer, Failure> {
        let request = self.prepare(path, false, Some(body))?.hiding(hide);
        self.http.send(request, self.until).await
    }

    /// Success, or the failure that the body or else the status tells of.
    pub(super) fn judged(&self, answer: Answer) -> Result<Answer, Failure> {
        failure::judge(&answer, self.call.now)?;
        Ok(answer)
    }
}
