//! A request and its answer, free of any server: what a dialect sees and says.

use reqwest::Url;
use serde_json::Value;

/// A request as it came, with its body whole.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// In capital letters.
    pub(crate) method: String,
    /// Without host and query.
    pub(crate) path: String,
    /// Decoded, in the order in which they came.
    pub(crate) query: Vec<(String, String)>,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a query parameter that may be repeated.
    pub(crate) fn queries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header, whose name is given in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; none if it is something else.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The fields of a form-encoded body, decoded; empty if it has another type.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let form = self.header("content-type").is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
        if form { decode(&String::from_utf8_lossy(&self.body)) } else { Vec::new() }
    }
}

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Answer {
        Answer::of(status, "application/json; charset=utf-8", body.to_string().into_bytes())
    }

    pub(crate) fn html(status: u16, body: String) -> Answer {
        Answer::of(status, "text/html; charset=utf-8", body.into_bytes())
    }

    /// Sends a browser on to another address.
    pub(crate) fn redirect(to: &str) -> Answer {
        let mut answer = Answer::of(302, "text/plain", Vec::new());
        answer.headers.push(("location", to.to_owned()));
        answer
    }

    fn of(status: u16, content_type: &'static str, body: Vec<u8>) -> Answer {
        Answer { status, content_type, headers: Vec::new(), body }
    }
}

/// `a=b&c=d`, decoded.
pub(crate) fn decode(text: &str) -> Vec<(String, String)> {
    let Ok(mut url) = Url::parse("http://localhost/") else { return Vec::new() };
    url.set_query(Some(text));
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// An address with more parameters in its query; none if it is no address.
pub(crate) fn with_query(address: &str, more: &[(&str, &str)]) -> Option<String> {
    let mut url = Url::parse(address).ok()?;
    url.query_pairs_mut().extend_pairs(more);
    Some(url.into())
}
