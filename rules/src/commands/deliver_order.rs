//! The buyer has the goods.

use crate::command::Context;
use crate::holding::needs_of_holder;
use crate::id::OrderId;
use crate::movement::Holder;
use crate::order::{FulfilmentState, OrderState};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Marks a shipped order as delivered. No stock moves. Saying it twice is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverOrder {
    /// Which.
    pub id: OrderId,
    /// The caller's version.
    pub expected_version: Option<i64>,
}

impl DeliverOrder {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs_of_holder(Holder::Order(self.id), seen, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut order = super::order_of(scope, self.id)?;
        super::check_version(self.expected_version, order.version)?;
        match order.state {
            OrderState::Delivered => Ok(super::order_receipt(&order, Vec::new(), context.now)),
            OrderState::Shipped => {
                order.state = OrderState::Delivered;
                if matches!(order.fulfilment, FulfilmentState::Shipped | FulfilmentState::Intercept) {
                    order.fulfilment = FulfilmentState::Delivered;
                }
                Ok(super::finish_order(scope, context, order, "delivered", Vec::new(), None))
            }
            state => {
                let fulfilment = order.fulfilment;
                Err(Refusal::WrongState { step: "deliver".into(), state, fulfilment })
            }
        }
    }
}
