//! A shop is set up.

use crate::command::Context;
use crate::event::EventBody;
use crate::id::ShopId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::shop::{ShopSettings, ShopState};
use crate::working::{Needs, Scope, Working};

/// Changes what people set. A change of what is published marks every mapped listing of the shop dirty (through an import of
/// nothing: the engine follows `shop.changed`).
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateShop {
    /// Which.
    pub shop: ShopId,
    /// The version that the caller saw.
    pub expected_version: Option<i64>,
    /// A new name.
    pub name: Option<String>,
    /// New settings, whole.
    pub settings: Option<ShopSettings>,
    /// Pause (`true`) or go on (`false`). A disconnected shop stays so, and is paused or not once it is authorised again.
    pub paused: Option<bool>,
}

impl UpdateShop {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.shops.insert(self.shop);
        if let Some(settings) = &self.settings {
            needs.location_codes.insert(settings.location.clone());
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let before = super::shop_of(scope, self.shop)?;
        super::super::check_version(self.expected_version, before.version)?;
        let mut shop = before.clone();
        if let Some(name) = &self.name {
            shop.name.clone_from(name);
        }
        if let Some(settings) = &self.settings {
            super::check_rule(&settings.rule)?;
            if settings.hold_ms < 1_000 || settings.stale_after_ms < 60_000 {
                return Err(Refusal::OutOfRange);
            }
            if scope.location_by_code(&settings.location).is_none() {
                return Err(Refusal::UnknownLocation { line: 0, location: settings.location.clone() });
            }
            shop.settings = settings.clone();
        }
        match (self.paused, shop.state) {
            (Some(true), ShopState::Connected) => shop.state = ShopState::Paused,
            (Some(false), ShopState::Paused) => shop.state = ShopState::Connected,
            (Some(paused), ShopState::Disconnected) => shop.stays_paused = paused,
            _ => {}
        }
        if shop == before {
            return Ok(Receipt::Shop { id: self.shop, version: before.version });
        }
        shop.version += 1;
        shop.updated_at = context.now.max(shop.updated_at);
        let republish = shop.settings != before.settings;
        scope.push_event(context.event(EventBody::ShopChanged {
            shop: shop.code.clone(),
            state: super::state_name(shop.state).to_owned(),
            reason: republish.then(|| "settings".to_owned()),
        }));
        let version = shop.version;
        scope.put_shop(self.shop, shop);
        Ok(Receipt::Shop { id: self.shop, version })
    }
}
