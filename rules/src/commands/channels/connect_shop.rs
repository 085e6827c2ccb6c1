//! A shop is connected, or authorised again.

use crate::command::Context;
use crate::event::EventBody;
use crate::id::ShopId;
use crate::job::{JobBody, NewJob};
use crate::notice::NoticeKind;
use crate::noticing::{close, needs_of_notice};
use crate::quantity::Millis;
use crate::queueing::{enqueue, enqueue_now, needs_of_job};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::{Setting, consent_key};
use crate::shop::{Shop, ShopCursors, ShopHealth, ShopSettings, ShopState};
use crate::working::{Needs, Scope, Working};

/// Connects a shop, or renews the grant of one that is known by (channel, account): it becomes connected, its notice closes
/// and its waiting jobs run. Starts an import of its listings and the polls when it is new.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectShop {
    /// The state of the consent that led here; used up. `None` where an operator connects it without the round trip.
    pub state: Option<String>,
    /// For a new shop: what people call it in URLs. With the shop's own number behind it if it is taken.
    pub code: String,
    /// Which marketplace.
    pub channel: String,
    /// As the marketplace calls it.
    pub account: String,
    /// For people.
    pub name: String,
    /// The encrypted grant.
    pub grant: String,
    /// When the access token ends.
    pub access_until: Millis,
    /// When the refresh token ends, if known.
    pub refresh_until: Option<Millis>,
    /// When the owner must consent again, if known.
    pub grant_until: Option<Millis>,
    /// For a new shop.
    pub settings: ShopSettings,
}

impl ConnectShop {
    /// What a new shop is called if its code is another one's.
    fn numbered(&self, id: ShopId) -> String {
        format!("{}-{}", self.code, id.0)
    }

    fn key(&self) -> (String, String) {
        (self.channel.clone(), self.account.clone())
    }

    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.counters = true;
        needs.sync.shop_accounts.insert(self.key());
        if let Some(state) = &self.state {
            needs.sync.settings.insert(consent_key(state));
        }
        let known = seen.sync.shop_accounts.get(&self.key()).copied().flatten();
        let next = seen.counters.as_ref().and_then(|row| row.now).map(|counters| ShopId(counters.next_shop));
        if let Some(shop) = known.and_then(|id| seen.sync.shops.get(&id)).and_then(|row| row.now.as_ref()) {
            // By the code that it got, whatever somebody would call it today.
            for kind in [NoticeKind::ShopDisconnected, NoticeKind::GrantEnds] {
                needs_of_notice(kind, &shop.code, needs);
            }
        } else {
            needs.sync.shop_codes.insert(self.code.clone());
            needs.sync.shop_codes.extend(next.map(|id| self.numbered(id)));
        }
        for shop in known.into_iter().chain(next) {
            needs_of_job(&JobBody::ImportListings { shop }, needs);
            needs_of_job(&JobBody::PollOrders { shop }, needs);
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        self.use_up(scope, context)?;
        let known = scope.shop_by_account(&self.key()).and_then(|id| scope.shop(&id).cloned());
        let is_new = known.is_none();
        let mut shop = match known {
            Some(shop) => shop,
            None => self.fresh(scope, context)?,
        };
        shop.name.clone_from(&self.name);
        shop.grant.clone_from(&self.grant);
        shop.grant_number += 1;
        shop.access_until = self.access_until;
        shop.refresh_until = self.refresh_until;
        shop.grant_until = self.grant_until;
        // Somebody who paused a shop wants it paused, whoever authorises it.
        if shop.state == ShopState::Disconnected {
            shop.state = if shop.stays_paused { ShopState::Paused } else { ShopState::Connected };
            (shop.state_reason, shop.stays_paused) = (None, false);
        }
        let (clock_offset, granted_at) = (shop.health.clock_offset, context.now);
        shop.health = ShopHealth { clock_offset, granted_at, ..ShopHealth::default() };
        shop.version += 1;
        shop.updated_at = context.now.max(shop.updated_at);
        let id = shop.id;
        if is_new {
            let import = JobBody::ImportListings { shop: id };
            enqueue(scope, context, &NewJob { body: import, class: 2, run_at: context.now, cause_at: None });
            scope.name_shop(self.key(), shop.code.clone(), id);
        } else {
            close(scope, context, NoticeKind::ShopDisconnected, &shop.code);
            close(scope, context, NoticeKind::GrantEnds, &shop.code);
        }
        let poll = JobBody::PollOrders { shop: id };
        enqueue_now(scope, context, &NewJob { body: poll, class: 2, run_at: context.now, cause_at: None });
        scope.push_event(context.event(EventBody::ShopChanged {
            shop: shop.code.clone(),
            state: super::state_name(shop.state).to_owned(),
            reason: None,
        }));
        let version = shop.version;
        scope.put_shop(id, shop);
        Ok(Receipt::Shop { id, version })
    }

    /// A state is good for one connection, of the marketplace it was made for, for a while.
    fn use_up(&self, scope: &mut Scope<'_>, context: &Context) -> Result<(), Refusal> {
        let Some(state) = &self.state else { return Ok(()) };
        let key = consent_key(state);
        let good = match scope.setting(&key) {
            Some(Setting::Consent { channel, until, .. }) => *channel == self.channel && *until > context.now,
            _ => false,
        };
        if !good {
            return Err(Refusal::NotFound { what: "open consent".into(), id: "state".into() });
        }
        scope.put_setting(key, None);
        Ok(())
    }

    fn fresh(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Shop, Refusal> {
        let id = ShopId(scope.next_number(|counters| &mut counters.next_shop)?);
        let code = match scope.shop_by_code(&self.code) {
            None => self.code.clone(),
            Some(_) => self.numbered(id),
        };
        if scope.shop_by_code(&code).is_some() {
            return Err(Refusal::Repeated { line: 0, name: format!("shop {code}") });
        }
        Ok(Shop {
            id,
            code,
            channel: self.channel.clone(),
            account: self.account.clone(),
            name: self.name.clone(),
            state: ShopState::Connected,
            state_reason: None,
            stays_paused: false,
            settings: self.settings.clone(),
            grant: String::new(),
            grant_number: 0,
            access_until: 0,
            refresh_until: None,
            grant_until: None,
            cursors: ShopCursors::default(),
            health: ShopHealth::default(),
            version: 0,
            created_at: context.now,
            updated_at: context.now,
        })
    }
}
