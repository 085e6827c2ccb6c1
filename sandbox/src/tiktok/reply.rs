//! What TikTok Shop answers: always `code`, `message`, `request_id`, and `data` when all is well. Faults of the request itself
//! come with a 4xx, faults of the business with status 200: both are met in the field, and a client has to look at `code`.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::call::Answer;

/// Why a call is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: i64,
    message: String,
}

impl Refusal {
    /// The business says no: status 200.
    pub(super) fn business(code: i64, message: impl Into<String>) -> Refusal {
        Refusal { status: 200, code, message: message.into() }
    }

    /// The request is at fault: status 400.
    pub(super) fn request(code: i64, message: impl Into<String>) -> Refusal {
        Refusal { status: 400, code, message: message.into() }
    }

    /// Whoever calls may not: status 401.
    pub(super) fn credentials(code: i64, message: impl Into<String>) -> Refusal {
        Refusal { status: 401, code, message: message.into() }
    }

    pub(super) fn wrong_path() -> Refusal {
        let message = "Invalid path. The specified path does not match any available endpoint.";
        Refusal { status: 404, code: 36_009_009, message: message.to_owned() }
    }

    pub(super) fn wrong_method() -> Refusal {
        let message = "Invalid method. The HTTP method used is not supported by this endpoint.";
        Refusal { status: 405, code: 36_009_010, message: message.to_owned() }
    }

    pub(super) fn too_many() -> Refusal {
        let message = "Too many requests. You've made too many requests in a short period of time.";
        Refusal { status: 429, code: 36_009_002, message: message.to_owned() }
    }

    pub(super) fn forbidden() -> Refusal {
        let message = "Access denied. The application lacks the scope that this API needs.";
        Refusal { status: 403, code: 105_005, message: message.to_owned() }
    }

    pub(super) fn down() -> Refusal {
        let message = "Internal error. Please try again. If the issue persists after multiple attempts, please contact \
                       platform support.";
        Refusal { status: 503, code: 36_009_003, message: message.to_owned() }
    }

    /// A parameter of the business is not what the reference says.
    pub(super) fn parameter(what: &str) -> Refusal {
        Refusal::request(36_009_004, format!("Invalid parameter. {what}"))
    }

    pub(super) fn answer(&self) -> Answer {
        let body = json!({ "code": self.code, "message": self.message, "request_id": request_id() });
        Answer::json(self.status, &body)
    }
}

pub(super) fn success(data: Value) -> Answer {
    let mut body = json!({ "code": 0, "message": "Success", "request_id": request_id() });
    body["data"] = data;
    Answer::json(200, &body)
}

/// Something for the support; it means nothing and is different for each answer.
pub(super) fn request_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("20260101000000010189{count:014X}")
}
