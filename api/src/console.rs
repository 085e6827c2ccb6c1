//! The console: a single page and its files, inside the binary. It has no door of its own: it asks what everybody asks.

use std::io::Write as _;
use std::sync::OnceLock;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::people::hex;
use crate::problem::{self, Problem};

include!(concat!(env!("OUT_DIR"), "/console_files.rs"));

/// The page that every path of the console leads to.
const PAGE: &str = "index.html";
/// Names under which the build puts a hash of the content, so that they never change.
const FOR_EVER: &str = "assets/";
/// Smaller files gain nothing.
const COMPRESS_FROM: usize = 1_024;
/// Nothing from elsewhere, no script or style inside the page, no frame around it (S42).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// What is shown when the binary was built without the console.
const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Onhand</title>\
    <h1>Onhand is running</h1><p>This binary was built without its console. Build both with <code>cargo xtask demo</code>, \
    or <code>npm ci</code> and <code>npm run build</code> in <code>console/</code> before <code>cargo build</code>.</p>\
    <p>The API is described at <a href=\"/docs\">/docs</a>.</p></html>";

/// One file as it is sent.
struct Asset {
    name: &'static str,
    plain: &'static [u8],
    packed: Option<Vec<u8>>,
    tag: HeaderValue,
    kind: &'static str,
}

fn assets() -> &'static [Asset] {
    static ASSETS: OnceLock<Vec<Asset>> = OnceLock::new();
    ASSETS.get_or_init(|| FILES.iter().map(|(name, plain)| asset(name, plain)).collect())
}

fn asset(name: &'static str, plain: &'static [u8]) -> Asset {
    let kind = match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    };
    let text = !matches!(kind, "image/png" | "font/woff2" | "application/octet-stream");
    let packed = if text && plain.len() >= COMPRESS_FROM { pack(plain) } else { None };
    let digest = hex(&Sha256::digest(plain)[..8]);
    let tag = HeaderValue::from_str(&format!("\"{digest}\"")).unwrap_or(HeaderValue::from_static("\"\""));
    Asset { name, plain, packed, tag, kind }
}

fn pack(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

/// What has no route: a file of the console, its page for a browser that goes to one of its paths, or a problem.
pub(crate) async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let file = assets().iter().find(|asset| asset.name == path && path != PAGE);
    match file {
        Some(file) if reads => send(file, request.headers()),
        None if reads && is_page(path, request.headers()) => page(request.headers()),
        _ => Problem::new(&problem::NO_ROUTE, problem::NO_ROUTE.advice).into_response(),
    }
}

/// Whether a browser goes to a path of the console. What programs ask for is never answered with a page.
fn is_page(path: &str, headers: &HeaderMap) -> bool {
    let ours = ["v1", "hooks", "connect", "assets", "problems", "docs"];
    let first = path.split('/').next().unwrap_or_default();
    let html = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    html && !ours.contains(&first)
}

fn page(headers: &HeaderMap) -> Response {
    match assets().iter().find(|asset| asset.name == PAGE) {
        Some(page) => send(page, headers),
        None => guarded(StatusCode::OK, "text/html; charset=utf-8", Bytes::from_static(MISSING.as_bytes())),
    }
}

fn send(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = text(header::IF_NONE_MATCH);
    let fresh = !known.is_empty() && asset.tag.to_str().is_ok_and(|tag| known.contains(tag));
    let packed = asset.packed.as_deref().filter(|_| text(header::ACCEPT_ENCODING).contains("gzip"));
    let body = match (fresh, packed) {
        (true, _) => Bytes::new(),
        (false, Some(packed)) => Bytes::from_static(packed),
        (false, None) => Bytes::from_static(asset.plain),
    };
    let status = if fresh { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = guarded(status, asset.kind, body);
    let headers = response.headers_mut();
    headers.insert(header::ETAG, asset.tag.clone());
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if packed.is_some() && !fresh {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let cache = match asset.name.starts_with(FOR_EVER) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

fn guarded(status: StatusCode, kind: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}
