//! A grant is no longer good.

use crate::command::Context;
use crate::event::EventBody;
use crate::id::ShopId;
use crate::notice::NoticeKind;
use crate::notice_body::NoticeBody;
use crate::noticing::{needs_of_notice, raise};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::shop::{Disconnection, ShopState};
use crate::working::{Needs, Scope, Working};

/// The shop's jobs wait, its owner is told once. Only if the grant is still the one that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisconnectShop {
    /// Which.
    pub shop: ShopId,
    /// The grant that failed; `None`: whatever grant there is (a deauthorisation, or an operator).
    pub from_number: Option<i64>,
    /// Why.
    pub why: Disconnection,
}

impl DisconnectShop {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sync.shops.insert(self.shop);
        if let Some(shop) = seen.sync.shops.get(&self.shop).and_then(|row| row.now.as_ref()) {
            needs_of_notice(NoticeKind::ShopDisconnected, &shop.code, needs);
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut shop = super::shop_of(scope, self.shop)?;
        let other = self.from_number.is_some_and(|number| number != shop.grant_number);
        if other || shop.state == ShopState::Disconnected {
            return Ok(Receipt::Shop { id: self.shop, version: shop.version });
        }
        shop.stays_paused = shop.state == ShopState::Paused;
        shop.state = ShopState::Disconnected;
        let said = self.why.text();
        shop.state_reason = Some(said.clone());
        shop.version += 1;
        shop.updated_at = context.now.max(shop.updated_at);
        let name = shop.name.clone();
        let told = match self.why {
            Disconnection::ByPerson => NoticeBody::ShopLeft { name },
            Disconnection::Refused { .. } => NoticeBody::ShopDisconnected { name, said: said.clone() },
        };
        raise(scope, context, &shop.code, Some(self.shop), told);
        scope.push_event(context.event(EventBody::ShopChanged {
            shop: shop.code.clone(),
            state: "disconnected".to_owned(),
            reason: Some(said),
        }));
        let version = shop.version;
        scope.put_shop(self.shop, shop);
        Ok(Receipt::Shop { id: self.shop, version })
    }
}
