//! Sending signed requests and judging the answers.

use onhand_connector::http::{Answer, Http, Request};
use onhand_connector::{AppKeys, Call, Class, Failure, Grant, Secret};
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

    /// With something else about the call; its time goes on.
    pub(super) fn with<'b>(&self, call: &'b Call) -> Session<'b>
    where
        'a: 'b,
    {
        Session { http: self.http, call, until: self.until }
    }

    pub(super) fn app(&self) -> &AppKeys {
        &self.call.app
    }

    pub(super) fn grant(&self) -> Result<&Grant, Failure> {
        let missing = || Failure::new(Class::Invalid, "no_grant", "the call needs a grant and has none");
        self.call.grant.as_deref().ok_or_else(missing)
    }

    fn signed(
        &self,
        path: &str,
        token: &Secret,
        query: Vec<(&str, String)>,
        body: Option<Vec<u8>>,
    ) -> Request {
        let app = self.app();
        let mut query: Vec<_> = query.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        query.push(("app_key".to_owned(), app.id.clone()));
        query.push(("timestamp".to_owned(), self.call.now.div_euclid(1000).to_string()));
        let signature = sign::call(&app.secret, path, &query, body.as_deref().unwrap_or_default());
        query.push(("sign".to_owned(), signature));
        let request = match body {
            Some(body) => Request::post(&app.api_url, path, "application/json", body),
            None => Request::get(&app.api_url, path).header("content-type", Secret::new("application/json")),
        };
        let request = request.query(query).header("x-tts-access-token", token.clone());
        request.hiding(&app.secret).hiding(token)
    }

    async fn judged(&self, request: Request) -> Result<Answer, Failure> {
        let answer = self.http.send(request, self.until).await?;
        failure::judge(&answer)?;
        Ok(answer)
    }

    fn with_cipher(&self, query: &mut Vec<(&str, String)>) -> Result<&Grant, Failure> {
        let grant = self.grant()?;
        let missing = || Failure::new(Class::Invalid, "no_grant", "the grant holds no shop_cipher");
        query.push(("shop_cipher", grant.extra.clone().ok_or_else(missing)?));
        Ok(grant)
    }

    /// A GET for the shop.
    pub(super) async fn get(&self, path: &str, mut query: Vec<(&str, String)>) -> Result<Answer, Failure> {
        let grant = self.with_cipher(&mut query)?;
        self.judged(self.signed(path, &grant.access_token, query, None)).await
    }

    /// A POST for the shop.
    pub(super) async fn post(
        &self,
        path: &str,
        mut query: Vec<(&str, String)>,
        body: &Value,
    ) -> Result<Answer, Failure> {
        let grant = self.with_cipher(&mut query)?;
        let body = body.to_string().into_bytes();
        self.judged(self.signed(path, &grant.access_token, query, Some(body))).await
    }

    /// A GET for the token, of whichever shop: without a cipher.
    pub(super) async fn get_for_token(&self, path: &str, token: &Secret) -> Result<Answer, Failure> {
        self.judged(self.signed(path, token, Vec::new(), None)).await
    }

    /// A GET of the host that gives tokens: not signed, the secret in the query.
    pub(super) async fn tokens(
        &self,
        path: &str,
        name: &'static str,
        what: &Secret,
        kind: &'static str,
    ) -> Result<Answer, Failure> {
        let app = self.app();
        let base = app.auth_url.as_deref().unwrap_or(&app.api_url);
        let query = [
            ("app_key", app.id.as_str()),
            ("app_secret", app.secret.expose()),
            (name, what.expose()),
            ("grant_type", kind),
        ];
        let request = Request::get(base, path).query(query).hiding(&app.secret).hiding(what);
        self.http.send(request, self.until).await
    }
}
