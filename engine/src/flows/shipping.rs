//! What we tell marketplaces about orders.

use std::sync::Arc;

use onhand_connector::{Call, Channel, Endpoint, Shipment};
use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::NewJob;
use onhand_rules::{JobBody, ShopId};

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
        self.ask(&attempt, &mut visit, Endpoint::Orders, tell).await?;
        // Not every marketplace says what became of the order, least of all when the answer was no.
        let body = JobBody::FetchOrder { shop, reference: reference.to_owned() };
        let jobs = vec![NewJob { body, class: 1, run_at: 0, cause_at: None }];
        self.submit(EnqueueJobs { jobs }).await.map(|_| ())
    }
}
