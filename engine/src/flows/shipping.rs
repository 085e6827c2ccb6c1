//! What we tell marketplaces about orders.

use std::sync::Arc;

use onhand_connector::{Call, Channel, Endpoint, Shipment};
use onhand_rules::ShopId;
use onhand_rules::commands::queue::End;

use super::{Attempt, Flows};

impl Flows {
    pub(super) async fn ship(
        &self,
        attempt: Attempt<'_>,
        shop: ShopId,
        shipment: &Shipment,
    ) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        let tell = |channel: Arc<dyn Channel>, call: Call| async move { channel.ship(&call, shipment).await };
        self.ask(&attempt, &mut visit, Endpoint::Shipping, tell).await.map(|_| ())
    }

    pub(super) async fn answer_cancel(
        &self,
        attempt: Attempt<'_>,
        shop: ShopId,
        reference: &str,
        accept: bool,
    ) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        let tell = |channel: Arc<dyn Channel>, call: Call| async move {
            channel.answer_cancel(&call, reference, accept).await
        };
        self.ask(&attempt, &mut visit, Endpoint::Orders, tell).await.map(|_| ())
    }
}
