//! The form of answers: an envelope with `error`, `message` and `request_id`, most often around a `response`. A failure has the
//! same form and, for most reasons, the same status 200.

use serde_json::{Map, Value, json};

use crate::call::Answer;
use crate::hub::Hub;

/// An answer that is not a refusal.
#[derive(Debug)]
pub(super) enum Reply {
    /// The content is inside `response`.
    Wrapped(Value),
    /// The fields lie beside those of the envelope, as with tokens and shop info.
    Flat(Map<String, Value>),
    /// Content although `error` is set.
    Partly { error: &'static str, message: &'static str, response: Value },
}

/// A failure.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    error: &'static str,
    message: String,
}

impl Refusal {
    /// A failure that is told with status 200.
    pub(super) fn new(error: &'static str, message: &str) -> Refusal {
        Refusal { status: 200, error, message: message.to_owned() }
    }

    /// A parameter that cannot be understood.
    pub(super) fn parameter(message: &str) -> Refusal {
        Refusal::new("error_param", message)
    }

    pub(super) fn with_status(self, status: u16) -> Refusal {
        Refusal { status, ..self }
    }
}

pub(super) fn answer(hub: &Hub, reply: Reply) -> Answer {
    let body = match reply {
        Reply::Wrapped(response) => {
            json!({"error": "", "message": "", "warning": "", "request_id": hub.request_id(), "response": response})
        }
        Reply::Partly { error, message, response } => {
            json!({"error": error, "message": message, "warning": "", "request_id": hub.request_id(), "response": response})
        }
        Reply::Flat(mut fields) => {
            fields.insert("error".to_owned(), json!(""));
            fields.insert("message".to_owned(), json!(""));
            fields.insert("request_id".to_owned(), json!(hub.request_id()));
            Value::Object(fields)
        }
    };
    Answer::json(200, &body)
}

pub(super) fn refused(hub: &Hub, refusal: &Refusal) -> Answer {
    let body = json!({"error": refusal.error, "message": refusal.message, "request_id": hub.request_id()});
    Answer::json(refusal.status, &body)
}

/// A failure from before the call was understood.
pub(super) fn plain(status: u16, error: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "message": message, "request_id": ""}))
}

/// A whole number of at least 0, given as a number: text is refused, as on the marketplace.
pub(super) fn whole(value: &Value) -> Option<u64> {
    value.as_u64()
}
