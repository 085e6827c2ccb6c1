//! The API description, made from the handlers and completed from the table of routes.

use axum::body::Bytes;
use utoipa::openapi::info::InfoBuilder;
use utoipa::openapi::{OpenApi, OpenApiBuilder};

/// The description as it is served.
pub(crate) struct Document {
    pub(crate) json: Bytes,
}

impl Document {
    pub(crate) fn new(version: &str) -> Self {
        let mut document = openapi();
        document.info.version = version.to_owned();
        let json = serde_json::to_vec(&document).unwrap_or_default();
        Self { json: json.into() }
    }
}

/// What stands before the routes.
pub(crate) fn frontispiece() -> OpenApi {
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Onhand")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "One binary that owns the stock figure: every channel sees it, nobody oversells it.",
                ))
                .build(),
        )
        .build()
}

/// The description of every route, without a server.
#[must_use]
pub fn openapi() -> OpenApi {
    let (_, document) = crate::routes::all().split_for_parts();
    document
}
