//! Locations are created and changed.

use crate::command::Context;
use crate::event::EventBody;
use crate::id::LocationId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::sku::Location;
use crate::working::{Needs, Scope, Working};

/// A place that holds stock is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateLocation {
    /// Unique code.
    pub code: String,
    /// What it is called.
    pub name: String,
}

impl CreateLocation {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.counters = true;
        needs.location_codes.insert(self.code.clone());
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if scope.location_by_code(&self.code).is_some() {
            return Err(Refusal::LocationExists { location: self.code.clone() });
        }
        let id = LocationId(scope.next_number(|counters| &mut counters.next_location)?);
        scope.name_location(self.code.clone(), id);
        let (code, name) = (self.code.clone(), self.name.clone());
        let location = Location { id, code, name, archived: false, version: 0, created_at: context.now };
        Ok(finish(scope, context, location))
    }
}

/// A location is changed. `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateLocation {
    /// Which.
    pub code: String,
    /// What it is called.
    pub name: Option<String>,
    /// Whether it is no longer used.
    pub archived: Option<bool>,
    /// The caller's version.
    pub expected_version: Option<i64>,
}

impl UpdateLocation {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.location_codes.insert(self.code.clone());
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let Some(mut location) = scope.location_by_code(&self.code).cloned() else {
            return Err(Refusal::NotFound { what: "location".into(), id: self.code.clone() });
        };
        super::check_version(self.expected_version, location.version)?;
        if let Some(name) = &self.name {
            location.name.clone_from(name);
        }
        location.archived = self.archived.unwrap_or(location.archived);
        Ok(finish(scope, context, location))
    }
}

fn finish(scope: &mut Scope<'_>, context: &Context, mut location: Location) -> Receipt {
    location.version += 1;
    scope.push_event(context.event(EventBody::LocationChanged {
        location: location.code.clone(),
        version: location.version,
        archived: location.archived,
    }));
    let receipt =
        Receipt::Location { id: location.id, version: location.version, created_at: location.created_at };
    scope.put_location(location.id, location);
    receipt
}
