//! Sending signed requests and judging the answers.

use onhand_connector::http::{Answer, Http, Request, form_encode};
use onhand_connector::{AppKeys, Call, Class, Failure, Grant, Secret};
use tokio::time::Instant;

use super::{failure, sign};

/// The requests of one call. They share its time.
pub(super) struct Session<'a> {
    http: &'a Http,
    /// What surrounds them.
    pub(super) call: &'a Call,
    until: Instant,
}

type Parameters<'a> = Vec<(&'a str, String)>;

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

    /// All parameters, the signature among them.
    fn signed(&self, path: &str, token: Option<&Secret>, own: Parameters<'_>) -> Vec<(String, String)> {
        let app = self.app();
        let mut all: Vec<_> = own.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        all.push(("app_key".to_owned(), app.id.clone()));
        all.push(("timestamp".to_owned(), self.call.now.to_string()));
        all.push(("sign_method".to_owned(), "sha256".to_owned()));
        if let Some(token) = token {
            all.push(("access_token".to_owned(), token.expose().to_owned()));
        }
        let signature = sign::call(&app.secret, path, &all);
        all.push(("sign".to_owned(), signature));
        all
    }

    /// Sends it; the caller judges the answer.
    async fn send(&self, request: Request) -> Result<Answer, Failure> {
        let mut request = request.hiding(&self.app().secret);
        if let Some(grant) = &self.call.grant {
            request = request.hiding(&grant.access_token).hiding(&grant.refresh_token);
        }
        self.http.send(request, self.until).await
    }

    fn base(&self) -> Result<(&str, &Secret), Failure> {
        let grant = self.grant()?;
        Ok((grant.extra.as_deref().unwrap_or(&self.app().api_url), &grant.access_token))
    }

    /// A GET for the shop.
    pub(super) async fn get(&self, path: &str, own: Parameters<'_>) -> Result<Answer, Failure> {
        let (base, token) = self.base()?;
        let parameters = self.signed(path, Some(token), own);
        let answer = self.send(Request::get(base, path).query(parameters)).await?;
        failure::judge(&answer)?;
        Ok(answer)
    }

    /// A POST for the shop.
    pub(super) async fn post(&self, path: &str, own: Parameters<'_>) -> Result<Answer, Failure> {
        let answer = self.post_unjudged(path, own).await?;
        failure::judge(&answer)?;
        Ok(answer)
    }

    /// A POST for the shop, whose answer the caller judges.
    pub(super) async fn post_unjudged(&self, path: &str, own: Parameters<'_>) -> Result<Answer, Failure> {
        let (base, token) = self.base()?;
        let form = form_encode(&self.signed(path, Some(token), own)).into_bytes();
        self.send(Request::post(base, path, "application/x-www-form-urlencoded", form)).await
    }

    /// A POST of the host that gives tokens.
    pub(super) async fn tokens(&self, path: &str, name: &str, what: &Secret) -> Result<Answer, Failure> {
        let base = self.app().auth_url.as_deref().unwrap_or(&self.app().api_url);
        let form = self.signed(path, None, vec![(name, what.expose().to_owned())]);
        let form = form_encode(&form).into_bytes();
        let request = Request::post(base, path, "application/x-www-form-urlencoded", form).hiding(what);
        let answer = self.send(request).await?;
        failure::judge(&answer)?;
        Ok(answer)
    }
}
