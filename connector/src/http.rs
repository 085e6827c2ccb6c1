//! One request to a marketplace, bounded in every direction.
//!
//! Connecting takes 3 seconds at most, everything together 20 seconds or what the job has left, a body is at most 32 MiB
//! after decompression, redirects are not followed (they would carry tokens to another host) and nothing is repeated.
//! What a request says about itself, in a failure or in `Debug`, never holds a query, a token, a key or a signature.

mod answer;
mod client;
mod measure;
mod redact;
mod request;
mod transport;

pub use answer::{Answer, FIELDS};
pub use client::{Http, Limits, TOO_LARGE};
pub use measure::{Measured, measured};
pub use request::{Request, encode, form_encode};
