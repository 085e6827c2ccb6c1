//! Stock that runs low is told, once.

use crate::command::Context;
use crate::event::EventBody;
use crate::id::LocationId;
use crate::notice::{Notice, NoticeKind};
use crate::notice_body::NoticeBody;
use crate::noticing::{close, needs_of_notice, raise};
use crate::quantity::{QUANTITY_MAX, Quantity};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::{LOW_STOCK, Setting, low_stock_key};
use crate::sku::Sku;
use crate::stock::StockKey;
use crate::working::{Needs, Scope, Working};

/// Sets the threshold of one SKU, or the one of all SKUs that have none of their own. Without either, nothing is told. The
/// rows of a SKU are looked at at once; after a change for all, each is looked at when its stock changes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLowStock {
    /// Code of the SKU; `None`: for all that have none of their own.
    pub sku: Option<String>,
    /// At or below so many available units at a location it is told, 0 or more; `None`: no threshold here.
    pub units: Option<Quantity>,
}

impl SetLowStock {
    fn key(&self) -> String {
        self.sku.as_deref().map_or_else(|| LOW_STOCK.to_owned(), low_stock_key)
    }

    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sync.settings.insert(LOW_STOCK.to_owned());
        needs.sync.settings.insert(self.key());
        let Some(code) = &self.sku else { return };
        needs.sku_codes.insert(code.clone());
        let Some(sku) = seen.sku_by_code(code) else { return };
        needs.stock_of.insert(sku.id);
        for key in seen.stock.keys().filter(|key| key.sku == sku.id) {
            needs.locations.insert(key.location);
            if let Some(place) = seen.locations.get(&key.location).and_then(|row| row.now.as_ref()) {
                needs_of_notice(NoticeKind::LowStock, &subject(code, &place.code), needs);
            }
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if self.units.is_some_and(|units| !(0..=QUANTITY_MAX).contains(&units)) {
            return Err(Refusal::OutOfRange);
        }
        let sku = match &self.sku {
            Some(code) => Some(
                scope
                    .sku_by_code(code)
                    .cloned()
                    .ok_or_else(|| Refusal::NotFound { what: "SKU".into(), id: code.clone() })?,
            ),
            None => None,
        };
        let key = self.key();
        let value = self.units.map(|units| Setting::LowStock { units });
        let changed = scope.setting(&key) != value.as_ref();
        if changed {
            scope.put_setting(key.clone(), value);
            scope.push_event(context.event(EventBody::QueueChanged { key }));
        }
        if let Some(sku) = sku {
            for stock in scope.stock_of(sku.id) {
                watch(scope, context, &sku, stock.key.location);
            }
        }
        Ok(Receipt::Kept { version: 0, changed })
    }
}

/// Looks at one stock row after it changed: the notice opens when what is available falls to the threshold or below it, and
/// closes when it rises above. Looking again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchStock {
    /// Code of the SKU.
    pub sku: String,
    /// Code of the location.
    pub location: String,
}

impl WatchStock {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sku_codes.insert(self.sku.clone());
        needs.location_codes.insert(self.location.clone());
        needs.sync.settings.extend([LOW_STOCK.to_owned(), low_stock_key(&self.sku)]);
        needs_of_notice(NoticeKind::LowStock, &subject(&self.sku, &self.location), needs);
        if let (Some(sku), Some(place)) = (seen.sku_by_code(&self.sku), seen.location_by_code(&self.location))
        {
            needs.stock.insert(StockKey { sku: sku.id, location: place.id });
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let sku = scope.sku_by_code(&self.sku).cloned();
        let place = scope.location_by_code(&self.location).map(|place| place.id);
        let (Some(sku), Some(place)) = (sku, place) else {
            return Ok(Receipt::Kept { version: 0, changed: false });
        };
        let changed = watch(scope, context, &sku, place);
        Ok(Receipt::Kept { version: 0, changed })
    }
}

fn subject(sku: &str, location: &str) -> String {
    format!("{sku}@{location}")
}

/// Opens or closes the notice of one stock row. A row that nothing has happened to yet is not low: unknown is not zero.
fn watch(scope: &mut Scope<'_>, context: &Context, sku: &Sku, location: LocationId) -> bool {
    let Some(place) = scope.location(location).map(|place| place.code.clone()) else { return false };
    let key = StockKey { sku: sku.id, location };
    let Some(available) = scope.stock_row(key).map(|stock| stock.figures.available()) else { return false };
    let threshold = threshold(scope, &sku.code).filter(|_| !sku.archived);
    let subject = subject(&sku.code, &place);
    let open = scope.notice(&Notice::key(NoticeKind::LowStock, &subject)).is_some_and(|notice| notice.open);
    let low = threshold.filter(|units| available <= *units);
    match low {
        Some(units) if !open => {
            let (sku, location) = (sku.code.clone(), place);
            let told = NoticeBody::LowStock { sku, location, available, threshold: units };
            raise(scope, context, &subject, None, told);
        }
        None if open => close(scope, context, NoticeKind::LowStock, &subject),
        _ => return false,
    }
    true
}

fn threshold(scope: &mut Scope<'_>, sku: &str) -> Option<Quantity> {
    for key in [low_stock_key(sku), LOW_STOCK.to_owned()] {
        if let Some(Setting::LowStock { units }) = scope.setting(&key) {
            return Some(*units);
        }
    }
    None
}
