//! Measures of the API itself.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Which route ended how.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

/// Which route.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

/// The measures.
#[derive(Debug, Clone)]
pub(crate) struct Measures {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    /// Connections open now.
    pub(crate) connections: Gauge,
    /// 1 while the database's settings let nothing be lost that was acknowledged.
    pub(crate) durable: Gauge,
    /// What the database says of itself when it is asked.
    pub(crate) not_replicated: Counter,
}

fn buckets() -> Histogram {
    Histogram::new(exponential_buckets(0.000_25, 2.0, 16))
}

impl Default for Measures {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(buckets),
            connections: Gauge::default(),
            durable: Gauge::default(),
            not_replicated: Counter::default(),
        }
    }
}

impl Measures {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "onhand_http_requests",
            "Requests answered, by route and status",
            self.requests.clone(),
        );
        registry.register(
            "onhand_http_seconds",
            "Time from the head of the request to the head of the answer",
            self.seconds.clone(),
        );
        registry.register("onhand_http_connections", "Connections open", self.connections.clone());
        registry.register(
            "onhand_durable",
            "1 if what was acknowledged survives the loss of power; 0 if unsafe_durability allowed settings that give it up",
            self.durable.clone(),
        );
        registry.register(
            "onhand_not_replicated",
            "Commits that PostgreSQL kept without the standby that it was told to wait for",
            self.not_replicated.clone(),
        );
    }

    /// Counts one answer.
    pub(crate) fn count(&self, method: &'static str, route: &'static str, status: u16, seconds: f64) {
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
        self.seconds.get_or_create(&RouteLabels { method, route }).observe(seconds);
    }
}
