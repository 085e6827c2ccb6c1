//! Locations.

use onhand_rules::Location;
use onhand_rules::commands::{CreateLocation, UpdateLocation};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Check, Errors};
use crate::time::Time;

/// A place that holds stock, to be created.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLocation {
    /// Its code, kept exactly as given.
    #[schema(min_length = 1, max_length = 200, example = "warehouse-1")]
    pub(crate) location: String,
    /// What it is called; the code when missing.
    #[schema(max_length = 1000)]
    pub(crate) name: Option<String>,
}

impl Check for NewLocation {
    fn check(&self, errors: &mut Errors) {
        errors.code(format_args!("/location"), &self.location);
        errors.maybe_text(format_args!("/name"), self.name.as_deref());
    }
}

impl NewLocation {
    pub(crate) fn command(&self) -> CreateLocation {
        CreateLocation {
            code: self.location.clone(),
            name: self.name.clone().unwrap_or_else(|| self.location.clone()),
        }
    }
}

/// What to change; what is missing stays.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocationChange {
    /// What it is called.
    #[schema(max_length = 1000)]
    pub(crate) name: Option<String>,
    /// Whether it is no longer used.
    pub(crate) archived: Option<bool>,
}

impl Check for LocationChange {
    fn check(&self, errors: &mut Errors) {
        errors.maybe_text(format_args!("/name"), self.name.as_deref());
    }
}

impl LocationChange {
    pub(crate) fn command(&self, code: &str, expected_version: Option<i64>) -> UpdateLocation {
        UpdateLocation {
            code: code.to_owned(),
            name: self.name.clone(),
            archived: self.archived,
            expected_version,
        }
    }
}

/// A place that holds stock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Location)]
pub(crate) struct LocationBody {
    /// Always `location`.
    #[schema(example = "location")]
    object: &'static str,
    /// Never reused.
    id: String,
    /// Its code.
    location: String,
    /// What it is called.
    name: String,
    /// Whether it is no longer used.
    archived: bool,
    /// The `ETag`.
    pub(crate) version: i64,
    /// When it was created.
    created_at: Time,
}

impl LocationBody {
    pub(crate) fn of(row: Location) -> Self {
        Self {
            object: "location",
            id: format!("loc_{}", row.id.0),
            location: row.code,
            name: row.name,
            archived: row.archived,
            version: row.version,
            created_at: Time(row.created_at),
        }
    }

    /// What a creation made.
    pub(crate) fn made(request: &NewLocation, id: i64, version: i64, created_at: i64) -> Self {
        Self {
            object: "location",
            id: format!("loc_{id}"),
            location: request.location.clone(),
            name: request.name.clone().unwrap_or_else(|| request.location.clone()),
            archived: false,
            version,
            created_at: Time(created_at),
        }
    }
}

/// What a change of a location did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LocationChanged<'a> {
    /// Always `location_change`.
    #[schema(example = "location_change")]
    pub(crate) object: &'static str,
    /// Never reused.
    pub(crate) id: String,
    /// Its code.
    pub(crate) location: &'a str,
    /// Its version now.
    pub(crate) version: i64,
    /// When it was created.
    pub(crate) created_at: Time,
    /// What was asked for.
    pub(crate) changed: &'a LocationChange,
}

/// Which locations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LocationQuery {
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}
