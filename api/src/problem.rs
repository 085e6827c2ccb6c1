//! The one table from everything that can go wrong to what the caller is told (RFC 9457).

mod kinds;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use onhand_engine::SubmitError;
use onhand_rules::{OpId, Refusal};
use onhand_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use kinds::*;
pub(crate) use kinds::{ALL, Kind, by_code};

/// One place in the request and what is wrong there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// JSON Pointer into the request body; empty for the whole body.
    #[schema(example = "/lines/0/quantity")]
    pub(crate) pointer: String,
    /// Stable code.
    pub(crate) code: String,
    /// For people.
    pub(crate) detail: String,
    /// Which SKU, when stock is short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sku: Option<String>,
    /// Where, when stock is short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requested: Option<i64>,
    /// What can be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) available: Option<i64>,
}

/// A problem as it is sent (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Identifies the kind; served by this server.
    #[serde(rename = "type")]
    #[schema(example = "/problems/insufficient_stock")]
    kind: String,
    /// The same for every problem of the kind.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// About this occurrence; for people, not for programs.
    detail: &'a str,
    /// This occurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// Stable code; decide by it.
    code: &'a str,
    /// Ties the problem to the server's log. Outcomes that are kept under an Idempotency-Key name their operation
    /// instead, so that a repetition gives the same bytes; the header X-Request-Id is always there.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    /// The operation whose outcome this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_id: Option<String>,
    /// Whether the same request may succeed later without a change.
    retryable: bool,
    /// The scope that the API key lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    required_scope: Option<&'a str>,
    /// Where in the request.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
}

/// A problem on its way out. The frame renders it, because only the frame knows the request's id.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: &'static Kind,
    detail: String,
    errors: Vec<FieldError>,
    op: Option<(OpId, bool)>,
    scope: Option<&'static str>,
    retry_after: Option<u32>,
    /// What only the log may see.
    cause: Option<String>,
}

impl Problem {
    /// A problem of a kind.
    pub(crate) fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        let retry_after = match kind.status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Some(1),
            _ => None,
        };
        Self(Box::new(Inner {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            op: None,
            scope: None,
            retry_after,
            cause: None,
        }))
    }

    /// The same, to be tried again after so many seconds.
    pub(crate) fn after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// A request that is not valid, with every place that is wrong.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("{}: {}", one.pointer, one.detail),
            several => format!("{} fields are not valid", several.len()),
        };
        Self::new(&INVALID, detail).with(errors)
    }

    /// Nothing by that name in the path.
    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        let shown: String = id.chars().take(60).collect();
        Self::new(&NOT_FOUND, format!("there is no {what} {shown:?}"))
    }

    /// A key without the scope.
    pub(crate) fn missing_scope(scope: &'static str) -> Self {
        let mut problem = Self::new(&FORBIDDEN, format!("this needs the scope {scope}"));
        problem.0.scope = Some(scope);
        problem
    }

    /// With places.
    pub(crate) fn with(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// What the log should say beyond what the caller is told.
    pub(crate) fn because(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// The outcome of an operation.
    pub(crate) fn of_operation(mut self, op: OpId, replayed: bool) -> Self {
        self.0.op = Some((op, replayed));
        self
    }

    /// The same problem of a part of the request that stands at this pointer.
    pub(crate) fn inside(mut self, pointer: &str) -> Self {
        for error in &mut self.0.errors {
            error.pointer.insert_str(0, pointer);
        }
        self
    }

    /// Another kind of problem at one place, of the same operation.
    pub(crate) fn turned_into(mut self, kind: &'static Kind, place: FieldError) -> Self {
        self.0.kind = kind;
        self.0.errors = vec![place];
        self
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.kind.status
    }

    /// Its code.
    pub(crate) fn code(&self) -> &'static str {
        self.0.kind.code
    }

    /// What the log should know.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Its code, and the places that it names.
    pub(crate) fn into_places(self) -> (&'static str, Vec<FieldError>) {
        (self.0.kind.code, self.0.errors)
    }

    /// Its body.
    pub(crate) fn body<'a>(&'a self, request_id: Option<&'a str>) -> ProblemBody<'a> {
        let inner = &*self.0;
        let op = inner.op.map(|(op, _)| op.to_string());
        ProblemBody {
            kind: format!("/problems/{}", inner.kind.code),
            title: inner.kind.title,
            status: inner.kind.status.as_u16(),
            detail: &inner.detail,
            instance: match &op {
                Some(op) => Some(format!("urn:onhand:{op}")),
                None => request_id.map(|id| format!("urn:onhand:{id}")),
            },
            code: inner.kind.code,
            request_id: if op.is_some() { None } else { request_id },
            operation_id: op,
            retryable: inner.kind.retryable,
            required_scope: inner.scope,
            errors: &inner.errors,
        }
    }

    /// The whole response.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let body = serde_json::to_vec(&self.body(Some(request_id))).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.0.kind.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.kind.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"onhand\""));
        }
        if let Some((op, replayed)) = self.0.op {
            crate::respond::mark(headers, op, replayed);
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Carries the problem to the frame, which renders it.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.kind.status;
        response.extensions_mut().insert(self);
        response
    }
}

/// Where the parts of a command stand in the request that became it, so that a refusal can point at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The fields stand at the top.
    Flat,
    /// `line` of a refusal is an index into this member.
    List(&'static str),
}

impl Shape {
    fn pointer(self, index: usize, field: &str) -> String {
        match (self, field) {
            (Self::Flat, "") => String::new(),
            (Self::Flat, field) => format!("/{field}"),
            (Self::List(list), "") => format!("/{list}/{index}"),
            (Self::List(list), field) => format!("/{list}/{index}/{field}"),
        }
    }
}

impl Problem {
    /// What a refusal is told as.
    pub(crate) fn refused(refusal: &Refusal, shape: Shape) -> Self {
        let kind = kind_of(refusal);
        Self::new(kind, refusal.to_string()).with(places(refusal, kind, shape))
    }
}

/// The table for refusals. A new one does not compile without a line here.
fn kind_of(refusal: &Refusal) -> &'static Kind {
    match refusal {
        Refusal::InsufficientStock { .. } => &CONFLICT_STOCK,
        Refusal::UnknownSku { .. } => &UNKNOWN_SKU,
        Refusal::UnknownLocation { .. } => &UNKNOWN_LOCATION,
        Refusal::ArchivedSku { .. } => &ARCHIVED_SKU,
        Refusal::ArchivedLocation { .. } => &ARCHIVED_LOCATION,
        Refusal::SkuExists { .. } => &SKU_EXISTS,
        Refusal::LocationExists { .. } => &LOCATION_EXISTS,
        Refusal::NestedBundle { .. } => &NESTED_BUNDLE,
        Refusal::KindIsFixed { .. } => &KIND_IS_FIXED,
        Refusal::BundleHasNoStock { .. } => &BUNDLE_HAS_NO_STOCK,
        Refusal::DuplicateReference { .. } => &DUPLICATE_REFERENCE,
        Refusal::NotFound { .. } => &NOT_FOUND,
        Refusal::StaleVersion { .. } => &STALE_VERSION,
        Refusal::StaleExpected { .. } => &STALE_EXPECTED,
        Refusal::UnlikelyCount { .. } => &UNLIKELY_COUNT,
        Refusal::OutOfRange => &OUT_OF_RANGE,
        Refusal::NotHeld { .. } => &NOT_HELD,
        Refusal::ExceedsReserved { .. } => &EXCEEDS_RESERVED,
        Refusal::ExtensionLimit { .. } => &EXTENSION_LIMIT,
        Refusal::WrongState { .. } => &WRONG_STATE,
        Refusal::UnknownLine { .. } => &UNKNOWN_LINE,
        Refusal::ExceedsCancellable { .. } => &EXCEEDS_CANCELLABLE,
        Refusal::ExceedsShippable { .. } => &EXCEEDS_SHIPPABLE,
        Refusal::ExceedsReturnable { .. } => &EXCEEDS_RETURNABLE,
        Refusal::NotOnHand { .. } => &NOT_ON_HAND,
        Refusal::DuplicatePayment { .. } => &DUPLICATE_PAYMENT,
        Refusal::NotPaid { .. } => &NOT_PAID,
        Refusal::PaymentDisputed { .. } => &PAYMENT_DISPUTED,
        Refusal::Repeated { .. } => &REPEATED,
        Refusal::EmailTaken { .. } => &EMAIL_TAKEN,
        Refusal::LastOwner => &LAST_OWNER,
        Refusal::OwnersOnly => &OWNERS_ONLY,
        Refusal::LinkSpent => &LINK_SPENT,
        Refusal::WrongCode => &FACTOR_WRONG,
        Refusal::TooManyTries { .. } => &TOO_MANY_ATTEMPTS,
        Refusal::JobTooLarge { .. } => &TOO_LARGE,
    }
}

/// Where in the request a refusal points.
fn places(refusal: &Refusal, kind: &Kind, shape: Shape) -> Vec<FieldError> {
    let one = |pointer: String| {
        vec![FieldError {
            pointer,
            code: kind.code.to_owned(),
            detail: refusal.to_string(),
            ..FieldError::default()
        }]
    };
    match refusal {
        Refusal::InsufficientStock { short } => short
            .iter()
            .map(|short| FieldError {
                pointer: shape.pointer(short.line, "quantity"),
                code: kind.code.to_owned(),
                detail: format!("{} requested, {} available", short.requested, short.available),
                sku: Some(short.sku.clone()),
                location: Some(short.location.clone()),
                requested: Some(short.requested),
                available: Some(short.available),
            })
            .collect(),
        Refusal::UnknownSku { line, .. }
        | Refusal::ArchivedSku { line, .. }
        | Refusal::NestedBundle { line, .. }
        | Refusal::BundleHasNoStock { line, .. } => one(shape.pointer(*line, "sku")),
        Refusal::UnknownLocation { line, .. } | Refusal::ArchivedLocation { line, .. } => {
            one(shape.pointer(*line, "location"))
        }
        Refusal::StaleExpected { line, .. } => one(shape.pointer(*line, "expected")),
        Refusal::UnlikelyCount { line, .. } => one(shape.pointer(*line, "counted")),
        Refusal::ExceedsReserved { line, .. }
        | Refusal::ExceedsCancellable { line, .. }
        | Refusal::ExceedsShippable { line, .. }
        | Refusal::ExceedsReturnable { line, .. } => one(shape.pointer(*line, "quantity")),
        Refusal::NotOnHand { line, sku, requested, on_hand } => vec![FieldError {
            pointer: shape.pointer(*line, "quantity"),
            code: kind.code.to_owned(),
            detail: refusal.to_string(),
            sku: Some(sku.clone()),
            requested: Some(*requested),
            available: Some(*on_hand),
            ..FieldError::default()
        }],
        Refusal::UnknownLine { line, .. } => one(shape.pointer(*line, "line")),
        Refusal::Repeated { line, .. } => one(shape.pointer(*line, "")),
        Refusal::SkuExists { .. } => one("/sku".to_owned()),
        Refusal::LocationExists { .. } => one("/location".to_owned()),
        Refusal::DuplicateReference { .. } => one("/reference".to_owned()),
        Refusal::DuplicatePayment { .. } | Refusal::NotPaid { .. } => one("/payment_reference".to_owned()),
        Refusal::PaymentDisputed { .. } => one("/despite_dispute".to_owned()),
        Refusal::KindIsFixed { .. } => one("/components".to_owned()),
        Refusal::EmailTaken { .. } => one("/email".to_owned()),
        Refusal::WrongCode => one("/code".to_owned()),
        Refusal::LinkSpent => one("/token".to_owned()),
        Refusal::NotFound { .. }
        | Refusal::StaleVersion { .. }
        | Refusal::LastOwner
        | Refusal::OwnersOnly
        | Refusal::TooManyTries { .. }
        | Refusal::JobTooLarge { .. }
        | Refusal::OutOfRange
        | Refusal::NotHeld { .. }
        | Refusal::ExtensionLimit { .. }
        | Refusal::WrongState { .. } => Vec::new(),
    }
}

impl From<SubmitError> for Problem {
    /// The table for commands without an outcome. What a database says is for the log only.
    fn from(error: SubmitError) -> Self {
        let (kind, seconds) = match &error {
            SubmitError::Busy => (&BUSY, 1),
            SubmitError::Mismatch => (&MISMATCH, 0),
            SubmitError::OutcomeUnknown => (&OUTCOME_UNKNOWN, 1),
            SubmitError::Unavailable(_) => (&DATABASE_UNAVAILABLE, 2),
            SubmitError::StorageFull(_) => (&STORAGE_FULL, 30),
            SubmitError::Stopping => (&STOPPING, 2),
            SubmitError::Bug(_) => (&INTERNAL, 0),
        };
        let mut problem = Self::new(kind, kind.advice).because(error.to_string());
        problem.0.retry_after = (seconds > 0).then_some(seconds);
        problem
    }
}

impl From<StoreError> for Problem {
    /// The table for reads that failed.
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Conflict(_) => &BUSY,
            StoreError::Unavailable(_) | StoreError::Unknown(_) => &DATABASE_UNAVAILABLE,
            StoreError::Full(_) | StoreError::ReadOnly(_) => &STORAGE_FULL,
            StoreError::Rejected(_) | StoreError::Broken(_) => &INTERNAL,
        };
        Self::new(kind, kind.advice).because(error.to_string())
    }
}
