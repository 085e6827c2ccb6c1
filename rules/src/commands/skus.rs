//! SKUs are created and changed.

use crate::command::Context;
use crate::event::EventBody;
use crate::holding::tell_shortfall;
use crate::id::SkuId;
use crate::quantity::{QUANTITY_MAX, Quantity};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::sku::{Component, Sku};
use crate::stock::Stock;
use crate::working::{Needs, Scope, Working};

/// A SKU is created: simple, or a bundle when it has components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateSku {
    /// Kept exactly as given; unique.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// Codes of simple SKUs and how many of each are in one; empty for a simple SKU.
    pub components: Vec<(String, Quantity)>,
    /// How far `available` may fall below zero by our own orders; 0 or more.
    pub backorder_limit: Quantity,
}

impl CreateSku {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.counters = true;
        needs.sku_codes.insert(self.code.clone());
        needs.sku_codes.extend(self.components.iter().map(|(code, _)| code.clone()));
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if scope.sku_by_code(&self.code).is_some() {
            return Err(Refusal::SkuExists { sku: self.code.clone() });
        }
        check_limit(self.backorder_limit)?;
        let components = resolve(scope, &self.components)?;
        let id = SkuId(scope.next_number(|counters| &mut counters.next_sku)?);
        scope.name_sku(self.code.clone(), id);
        let sku = Sku {
            id,
            code: self.code.clone(),
            name: self.name.clone(),
            components,
            backorder_limit: self.backorder_limit,
            archived: false,
            version: 0,
            created_at: context.now,
            updated_at: context.now,
        };
        Ok(finish(scope, context, sku))
    }
}

/// A SKU is changed. `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateSku {
    /// Which.
    pub code: String,
    /// What it is called.
    pub name: Option<String>,
    /// How far `available` may fall below zero by our own orders. Takes effect in every stock row at once; units already
    /// promised stay promised.
    pub backorder_limit: Option<Quantity>,
    /// Whether it is no longer sold.
    pub archived: Option<bool>,
    /// The components of a bundle from now on; orders that exist keep theirs.
    pub components: Option<Vec<(String, Quantity)>>,
    /// The caller's version.
    pub expected_version: Option<i64>,
}

impl UpdateSku {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sku_codes.insert(self.code.clone());
        if let Some(components) = &self.components {
            needs.sku_codes.extend(components.iter().map(|(code, _)| code.clone()));
        }
        if let Some(sku) = seen.sku_by_code(&self.code) {
            needs.skus.insert(sku.id);
            if self.backorder_limit.is_some() {
                needs.stock_of.insert(sku.id);
                let rows = seen.stock.keys().filter(|key| key.sku == sku.id);
                needs.locations.extend(rows.map(|key| key.location));
            }
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let Some(mut sku) = scope.sku_by_code(&self.code).cloned() else {
            return Err(Refusal::NotFound { what: "SKU".into(), id: self.code.clone() });
        };
        super::check_version(self.expected_version, sku.version)?;
        if let Some(components) = &self.components {
            if components.is_empty() == sku.is_bundle() {
                return Err(Refusal::KindIsFixed { sku: self.code.clone() });
            }
            sku.components = resolve(scope, components)?;
        }
        if let Some(limit) = self.backorder_limit {
            check_limit(limit)?;
            sku.backorder_limit = limit;
            for old in scope.stock_of(sku.id) {
                let new = Stock { backorder_limit: limit, ..old };
                scope.put_stock(new.key, new);
                // A lower limit may make a shortfall of what was allowed before, and a higher one end it.
                tell_shortfall(scope, context, &old, &new);
            }
        }
        if let Some(name) = &self.name {
            sku.name.clone_from(name);
        }
        sku.archived = self.archived.unwrap_or(sku.archived);
        Ok(finish(scope, context, sku))
    }
}

fn check_limit(limit: Quantity) -> Result<(), Refusal> {
    if (0..=QUANTITY_MAX).contains(&limit) { Ok(()) } else { Err(Refusal::OutOfRange) }
}

fn resolve(scope: &mut Scope<'_>, components: &[(String, Quantity)]) -> Result<Vec<Component>, Refusal> {
    let mut found: Vec<Component> = Vec::with_capacity(components.len());
    for (line, (code, quantity)) in components.iter().enumerate() {
        if !(1..=QUANTITY_MAX).contains(quantity) {
            return Err(Refusal::OutOfRange);
        }
        let sku = match scope.sku_by_code(code) {
            None => {
                return Err(Refusal::UnknownSku { line, sku: code.clone() });
            }
            Some(sku) if sku.is_bundle() => {
                return Err(Refusal::NestedBundle { line, sku: code.clone() });
            }
            Some(sku) => sku.id,
        };
        if found.iter().any(|known| known.sku == sku) {
            return Err(Refusal::Repeated { line, name: format!("component {code}") });
        }
        found.push(Component { sku, quantity: *quantity });
    }
    Ok(found)
}

fn finish(scope: &mut Scope<'_>, context: &Context, mut sku: Sku) -> Receipt {
    sku.version += 1;
    sku.updated_at = context.now.max(sku.updated_at);
    scope.push_event(context.event(EventBody::SkuChanged {
        sku: sku.code.clone(),
        version: sku.version,
        archived: sku.archived,
    }));
    let receipt = Receipt::Sku {
        id: sku.id,
        version: sku.version,
        created_at: sku.created_at,
        updated_at: sku.updated_at,
    };
    scope.put_sku(sku.id, sku);
    receipt
}
