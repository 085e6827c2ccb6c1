//! What Lazada answers. `code` is text and `"0"` when all is well; nearly every fault comes with status 200.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::call::Answer;

/// Why a call is not carried out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: u16,
    code: String,
    /// `ISV`: the caller's fault; `ISP`: the service's; `SYSTEM`: the platform's.
    kind: &'static str,
    message: String,
    detail: Option<Value>,
}

impl Refusal {
    /// The caller is at fault.
    pub(super) fn caller(code: &str, message: impl Into<String>) -> Refusal {
        Refusal { status: 200, code: code.to_owned(), kind: "ISV", message: message.into(), detail: None }
    }

    /// The service says no.
    pub(super) fn service(code: &str, message: impl Into<String>) -> Refusal {
        Refusal { status: 200, code: code.to_owned(), kind: "ISP", message: message.into(), detail: None }
    }

    /// With the rows that are at fault.
    pub(super) fn with_detail(self, detail: Value) -> Refusal {
        Refusal { detail: Some(detail), ..self }
    }

    pub(super) fn missing(name: &str) -> Refusal {
        let message = format!(
            "The input parameter “{name}” that is mandatory for processing this request is not supplied"
        );
        Refusal::caller("MissingParameter", message)
    }

    pub(super) fn bad_token() -> Refusal {
        Refusal::caller("IllegalAccessToken", "The specified access token is invalid or expired")
    }

    /// How an address that does not exist is refused is not published.
    pub(super) fn no_such_api() -> Refusal {
        Refusal::caller("InvalidApiPath", "The specified API path is invalid")
    }

    /// Two ways of saying it are met in the field; here they take turns.
    pub(super) fn too_many() -> Refusal {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        if COUNT.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            let message = "This API access frequency exceeds the limit. this ban will last 1 seconds";
            Refusal::caller("ApiCallLimit", message)
        } else {
            Refusal::service("901", "E901: Limit service request speed in server side temporarily.")
        }
    }

    pub(super) fn forbidden() -> Refusal {
        Refusal::caller("SellerNotVerified", "The seller has not been verified yet")
    }

    pub(super) fn down() -> Refusal {
        let message = "The service is temporarily unavailable".to_owned();
        Refusal { status: 503, code: "ServiceUnavailable".to_owned(), kind: "SYSTEM", message, detail: None }
    }

    pub(super) fn answer(&self) -> Answer {
        let mut body = json!({
            "type": self.kind, "code": self.code, "message": self.message, "request_id": request_id(),
        });
        if let Some(detail) = &self.detail {
            body["detail"] = detail.clone();
        }
        Answer::json(self.status, &body)
    }
}

/// The fields of the answer, which stand beside `code` and `request_id`.
pub(super) fn success(mut fields: Value) -> Answer {
    fields["code"] = json!("0");
    fields["request_id"] = json!(request_id());
    Answer::json(200, &fields)
}

/// Something for the support; it means nothing and is different for each answer.
fn request_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("21017d28{count:016x}")
}
