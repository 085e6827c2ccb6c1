//! Sending.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::Instant;

use super::answer::Answer;
use super::measure::UnderWay;
use super::request::Request;
use super::transport::{self, Stage};
use crate::channel::Call;
use crate::failure::{Class, Failure};
use crate::secret::Secret;

/// Code of the failure when an answer is longer than [`Limits::body`]: whoever asked for many things may ask for fewer.
pub const TOO_LARGE: &str = "too_large";

/// How far a request may go.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// Everything together.
    pub total: Duration,
    /// Most bytes of a body after decompression.
    pub body: usize,
    /// Authorities to trust beside those of the operating system, DER.
    pub authorities: Vec<Vec<u8>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            total: Duration::from_secs(20),
            // An order of a wholesaler has a line for each unit on TikTok Shop and Lazada, of a kilobyte there: some thirty
            // thousand units. Of what holds several orders fewer are asked for when it is longer.
            body: 32 << 20,
            authorities: Vec::new(),
        }
    }
}

/// Sends requests. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Http {
    client: Result<reqwest::Client, Failure>,
    limits: Arc<Limits>,
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Http {
    /// With the limits of [`Limits::default`].
    #[must_use]
    pub fn new() -> Self {
        Self::with(Limits::default())
    }

    /// With other limits. If there can be no TLS on this machine, every request fails and says so.
    #[must_use]
    pub fn with(limits: Limits) -> Self {
        let client = build(&limits);
        Self { client, limits: Arc::new(limits) }
    }

    /// When the time of this call is over. Its requests share it.
    #[must_use]
    pub fn until(&self, call: &Call) -> Instant {
        Instant::now() + Duration::from_millis(call.budget_ms).min(Duration::from_secs(3600))
    }

    /// Sends one request and waits for its answer, until `until` or the limit, whichever is earlier.
    ///
    /// # Errors
    /// [`Class::Network`] with `connect`, `tls`, `timeout` or `reset`; [`Class::Unclear`] with `not_json`, `cut` or
    /// [`TOO_LARGE`]; by the status when the body is not JSON and the status is 429 or 5xx.
    pub async fn send(&self, request: Request, until: Instant) -> Result<Answer, Failure> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let until = until.min(Instant::now() + self.limits.total);
        let secrets = request.secrets.clone();
        let timeout = || Failure::new(Class::Network, "timeout", "no answer in time");
        if until <= Instant::now() {
            return Err(timeout());
        }
        let under_way = UnderWay::begin();
        let exchange = exchange(client, request, &under_way, self.limits.body, &secrets);
        let (status, retry_after, body) =
            tokio::time::timeout_at(until, exchange).await.map_err(|_| timeout())??;
        drop(under_way);
        Answer::read(status, retry_after, &body, secrets)
    }
}

type Raw = (u16, Option<Duration>, Vec<u8>);

async fn exchange(
    client: &reqwest::Client,
    request: Request,
    under_way: &UnderWay,
    most: usize,
    secrets: &[Secret],
) -> Result<Raw, Failure> {
    let url = request.full_url();
    let mut builder = if request.post { client.post(url) } else { client.get(url) };
    for (name, value) in &request.headers {
        let mut value = reqwest::header::HeaderValue::from_str(value.expose())
            .map_err(|_| Failure::new(Class::Invalid, "request", format!("{name} cannot be a header")))?;
        value.set_sensitive(true);
        builder = builder.header(*name, value);
    }
    if let Some((content_type, body)) = request.body {
        builder = builder.header("content-type", content_type).body(body);
    }
    let began = Instant::now();
    let mut response =
        builder.send().await.map_err(|error| transport::failure(error, Stage::Asking, secrets))?;
    let now = now_ms();
    let date = date(response.headers());
    if let Some(date) = date {
        let took = began.elapsed();
        let half = i64::try_from(took.as_millis() / 2).unwrap_or(0);
        under_way.clock(date, now - half, took);
    }
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers(), date.unwrap_or(now));
    let mut body = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| transport::failure(error, Stage::Reading, secrets))?
    {
        if body.len() + chunk.len() > most {
            let message = format!("the body is longer than {most} bytes");
            return Err(Failure { status: Some(status), ..Failure::new(Class::Unclear, TOO_LARGE, message) });
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, retry_after, body))
}

/// This machine's clock. Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

/// Milliseconds since 1970 of an HTTP date in the form that servers must send (RFC 9110, 5.6.7).
fn http_date(text: &str) -> Option<i64> {
    rfc2822::parse(text).ok().map(|zoned| zoned.timestamp().as_millisecond())
}

fn date(headers: &HeaderMap) -> Option<i64> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

/// Both forms of `Retry-After` (RFC 9110, 10.2.3); a date is taken against their clock.
fn retry_after(headers: &HeaderMap, now: i64) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = http_date(text)?.saturating_sub(now);
    Some(Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
}

fn build(limits: &Limits) -> Result<reqwest::Client, Failure> {
    let broken = |error: &dyn std::fmt::Display| {
        Failure::new(Class::Network, "tls", format!("requests cannot be encrypted: {error}"))
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(limits.authorities.iter().map(|der| CertificateDer::from(der.clone())));
    // The provider is named here, so that nothing has to be installed for the whole process.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(limits.connect)
        .redirect(reqwest::redirect::Policy::none())
        // Tokens travel in queries: no proxy that some variable of the environment names may see them.
        .no_proxy()
        // HTTP/2 allows to repeat a request that was refused; only the queue repeats.
        .retry(reqwest::retry::never())
        .tcp_nodelay(true)
        .user_agent(concat!("onhand/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| broken(&error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::{http_date, retry_after};

    #[test]
    fn both_forms_of_retry_after() {
        let noon = 784_887_151_000;
        assert_eq!(http_date("Tue, 15 Nov 1994 08:12:31 GMT"), Some(noon));
        for (text, wait) in [
            ("7", Some(Duration::from_secs(7))),
            ("Tue, 15 Nov 1994 08:12:41 GMT", Some(Duration::from_secs(10))),
            ("Tue, 15 Nov 1994 08:12:01 GMT", Some(Duration::ZERO)),
            ("soon", None),
            ("-3", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            assert_eq!(retry_after(&headers, noon), wait, "{text}");
        }
    }
}
