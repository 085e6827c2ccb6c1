//! Whether a request is well formed.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use onhand_rules::identity::User;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use std::sync::Arc;

use crate::api::Api;
use crate::body::{Check, Errors};
use crate::caller::{By, Caller};
use crate::frame::{Asks, Matched, Named, origin};
use crate::policy::{Does, Route};
use crate::problem::{self, FieldError, Problem};

/// Everything about a request but its body.
pub(crate) struct Call {
    /// The line of the table.
    pub(crate) route: &'static Route,
    /// The names in the path, decoded.
    pub(crate) path: Vec<String>,
    /// The version of `If-Match`.
    pub(crate) version: Option<i64>,
    /// By what the events that it causes are found again.
    pub(crate) trace: Option<String>,
    key: Option<String>,
    caller: Option<Arc<Caller>>,
}

impl Call {
    /// The `Idempotency-Key`; routes that change state have one.
    pub(crate) fn key(&self) -> Result<&str, Problem> {
        self.key.as_deref().ok_or_else(|| Problem::new(&problem::KEY_MISSING, problem::KEY_MISSING.advice))
    }

    /// Who asks; routes that are not public have one.
    pub(crate) fn caller(&self) -> Result<&Caller, Problem> {
        self.caller.as_deref().ok_or_else(|| Problem::new(&problem::UNAUTHENTICATED, "this needs an API key"))
    }

    /// The person who asks; routes for persons have one.
    pub(crate) fn person(&self) -> Result<(&User, &str), Problem> {
        match &self.caller()?.by {
            By::Person { user, key, .. } => Ok((user, key)),
            By::Key(_) => Err(Problem::new(&problem::PERSONS_ONLY, problem::PERSONS_ONLY.advice)),
        }
    }

    /// The nth name in the path.
    pub(crate) fn name(&self, index: usize) -> &str {
        self.path.get(index).map_or("", String::as_str)
    }

    /// The names in the path.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The id in the path, or nothing by that name.
    pub(crate) fn id<T: std::str::FromStr>(&self, what: &str) -> Result<T, Problem> {
        let text = self.name(0);
        text.parse().map_err(|_| Problem::not_found(what, text))
    }

    /// The code in the path, or nothing by that name: what cannot be a code is not looked up.
    pub(crate) fn code(&self, index: usize, what: &str) -> Result<&str, Problem> {
        let text = self.name(index);
        match onhand_rules::text::check_code(text) {
            Ok(()) => Ok(text),
            Err(_) => Err(Problem::not_found(what, text)),
        }
    }
}

impl FromRequestParts<Api> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Some(Matched(route)) = parts.extensions.get::<Matched>().copied() else {
            return Err(Problem::new(&problem::NO_ROUTE, "this route is not in the table"));
        };
        let path = if route.path.contains('{') {
            let params = RawPathParams::from_request_parts(parts, api)
                .await
                .map_err(|_| Problem::new(&problem::INVALID_PARAMETER, "the path is not UTF-8"))?;
            let path: Vec<String> = params.iter().map(|(_, value)| value.to_owned()).collect();
            // A SKU whose code is a word of the API came by the word's own route, which names nothing.
            if path.is_empty() { last_segment(parts.uri.path()) } else { path }
        } else {
            Vec::new()
        };
        let headers = &parts.headers;
        let writes = matches!(route.does, Does::Write | Does::Edit);
        Ok(Self {
            route,
            path,
            version: match route.does {
                Does::Edit => if_match(headers)?,
                Does::Write if if_match(headers)?.is_some() => return Err(unmatched()),
                _ => None,
            },
            trace: parts.extensions.get::<Named>().map(|id| origin(headers, &id.0)),
            key: match writes {
                true => Some(crate::idempotency::key(headers)?.to_owned()),
                false => None,
            },
            caller: parts.extensions.get::<Asks>().map(|caller| caller.0.clone()),
        })
    }
}

fn last_segment(path: &str) -> Vec<String> {
    path.rsplit('/').next().map(str::to_owned).into_iter().collect()
}

/// Whoever sends a version wants no change of anything newer, and must not believe that this was looked at.
fn unmatched() -> Problem {
    Problem::new(&problem::INVALID_HEADER, "this route compares no versions: leave If-Match out")
}

/// The version of `If-Match: "v7"`; `*` asks for nothing.
fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let bad = || {
        Problem::new(&problem::INVALID_HEADER, "If-Match must be one ETag as it was sent, for example \"v7\"")
    };
    let text = value.to_str().map_err(|_| bad())?.trim();
    if values.next().is_some() {
        return Err(bad());
    }
    if text == "*" {
        return Ok(None);
    }
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let digits = bare.strip_prefix('v').ok_or_else(bad)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad());
    }
    digits.parse().map(Some).map_err(|_| bad())
}

/// The query, without unknown or repeated parameters.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri).map(|Query(params)| Self(params)).map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            Problem::new(&problem::INVALID_PARAMETER, source.unwrap_or_else(|| error.body_text()))
        })
    }
}

/// A JSON body that was checked.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned + Check> FromRequest<Api> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        check_media_type(request.headers())?;
        let bytes = collect(request, api, api.settings().body_max).await?;
        checked(parse(&bytes)?).map(Self)
    }
}

/// A JSON body that was checked; none at all means `{}`.
pub(crate) struct MaybeBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Check> FromRequest<Api> for MaybeBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let typed = match request.headers().contains_key(header::CONTENT_TYPE) {
            true => check_media_type(request.headers()),
            false => Ok(()),
        };
        let bytes = collect(request, api, api.settings().body_max).await?;
        if bytes.is_empty() {
            return checked(parse(b"{}")?).map(Self);
        }
        typed?;
        checked(parse(&bytes)?).map(Self)
    }
}

fn checked<T: Check>(value: T) -> Result<T, Problem> {
    let mut errors = Errors::default();
    value.check(&mut errors);
    errors.into_result().map(|()| value)
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let value = headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes());
    let essence = value.map(|bytes| bytes.split(|&byte| byte == b';').next().unwrap_or(bytes));
    match essence.map(<[u8]>::trim_ascii) {
        Some(essence) if essence.eq_ignore_ascii_case(b"application/json") => Ok(()),
        _ => Err(Problem::new(&problem::MEDIA_TYPE, problem::MEDIA_TYPE.advice)),
    }
}

/// Reads a body of at most `max` bytes in the time that a body may take.
pub(crate) async fn collect(request: Request, api: &Api, max: usize) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(&problem::TOO_LARGE, format!("the body may have {max} bytes at most"));
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max as u64) {
        return Err(too_large());
    }
    let body = Limited::new(request.into_body(), max).collect();
    match tokio::time::timeout(api.settings().body_timeout, body).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(&problem::MALFORMED_JSON, "the body ended before it was complete")),
        Err(_) => Err(Problem::new(&problem::BODY_TIMEOUT, "the body did not arrive in time")),
    }
}

/// Parses fast, and only when that fails a second time to find out where.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        // A number where one of several words belongs is reported as if nothing stood there.
        Err(error) if error.is_data() || error.to_string().starts_with("expected value") => {
            Err(locate::<T>(bytes, &error))
        }
        Err(error) => Err(Problem::new(&problem::MALFORMED_JSON, format!("the body is not JSON: {error}"))),
    }
}

fn locate<T: DeserializeOwned>(bytes: &[u8], first: &serde_json::Error) -> Problem {
    // What is wrong with a value says nothing yet about whether the rest is JSON.
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        return Problem::new(&problem::MALFORMED_JSON, format!("the body is not JSON: {error}"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let (mut pointer, text) = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Ok(_) => (String::new(), first.to_string()),
        Err(error) => (pointer_of(error.path()), error.inner().to_string()),
    };
    // The position in the bytes is of no use next to the pointer.
    let detail = match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    };
    // Which member it is stands in the text: the path ends at the object that lacks it or has it twice.
    let kinds = [
        ("missing field", "required"),
        ("unknown field", "unknown_field"),
        ("duplicate field", "duplicate_field"),
    ];
    let code = match kinds.into_iter().find(|(start, _)| detail.starts_with(start)) {
        None => "invalid_type",
        Some((_, code)) => {
            let name = detail.split('`').nth(1).unwrap_or_default();
            let last = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            if !pointer.ends_with(&last) {
                pointer.push_str(&last);
            }
            code
        }
    };
    Problem::invalid(vec![FieldError { pointer, code: code.to_owned(), detail, ..FieldError::default() }])
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use std::fmt::Write as _;
    let mut pointer = String::new();
    for segment in path.iter() {
        // Writing to a String cannot fail.
        let _always_ok = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key } => write!(pointer, "/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { .. } | Segment::Unknown => Ok(()),
        };
    }
    pointer
}
