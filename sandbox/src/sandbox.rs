//! Starting and stopping the whole.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::buyers::{Buyers, Crowd};
use crate::catalogue;
use crate::control::{self, Desk};
use crate::dialect::Dialect;
use crate::hub::Hub;
use crate::limits::Limits;
use crate::options::{Options, any_port};
use crate::server;
use crate::webhooks::{Outbox, Sender};
use crate::world::{Clock, Market, Rng};

/// What an integrator is given when he registers his app on a marketplace.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct App {
    /// The marketplace that knows the app.
    pub market: Market,
    /// Shopee: `partner_id`; TikTok Shop and Lazada: `app_key`.
    pub app_id: String,
    /// Shopee: partner key; TikTok Shop and Lazada: app secret. Calls are signed with it.
    pub secret: String,
    /// With what messages are signed. Shopee has a push partner key of its own; on the others it is the secret.
    pub push_secret: String,
    /// TikTok Shop: `service_id` of the consent page; else the same as the app's id.
    pub service_id: String,
}

/// Where one marketplace is reached.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MarketUrls {
    /// Before the path of every call, without a slash at the end. Lazada's calls begin with `/rest` and this does not hold it.
    pub api: String,
    /// The same for the calls that give tokens.
    pub auth: String,
    /// The page on which a seller consents, without its query.
    pub consent: String,
}

/// Where everything is reached.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Urls {
    /// Shopee.
    pub shopee: MarketUrls,
    /// TikTok Shop.
    pub tiktok: MarketUrls,
    /// Lazada.
    pub lazada: MarketUrls,
    /// The control API, without a slash at the end.
    pub control: String,
}

impl Urls {
    /// Those of one marketplace.
    pub fn market(&self, market: Market) -> &MarketUrls {
        match market {
            Market::Shopee => &self.shopee,
            Market::Tiktok => &self.tiktok,
            Market::Lazada => &self.lazada,
        }
    }
}

/// Why a sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// An address is taken, or is none of this machine.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The client that sends messages cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running sandbox. Dropping it stops it at once.
#[derive(Debug)]
pub struct Sandbox {
    urls: Urls,
    apps: Vec<App>,
    tasks: JoinSet<()>,
}

impl Sandbox {
    /// Starts the servers. When this returns they accept connections.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(options: Options) -> Result<Sandbox, SandboxError> {
        let apps = apps(options.seed);
        let dialects: Vec<Box<dyn Dialect>> = vec![
            Box::new(crate::shopee::Shopee),
            Box::new(crate::tiktok::Tiktok),
            Box::new(crate::lazada::Lazada),
        ];
        let hub = Arc::new(Hub::new(
            options.seed,
            Clock::new(options.start_at),
            Limits::new(options.limits),
            Outbox::new(options.webhook_urls.clone(), options.time_scale),
            Buyers::new(options.buyers_per_second),
            apps.clone(),
            dialects,
        ));
        furnish(&hub, &options);
        let mut tasks = JoinSet::new();
        let mut bases: [String; 3] = Default::default();
        for (market, base) in Market::ALL.into_iter().zip(&mut bases) {
            let wanted = options.listen.get(&market).copied().unwrap_or_else(any_port);
            let (listener, address) = listen(wanted).await?;
            *base = format!("http://{address}");
            tasks.spawn(server::serve(listener, Arc::clone(&hub), market));
        }
        let (control, address) = listen(options.control).await?;
        tasks.spawn(Sender::new(Arc::clone(&hub))?.run());
        let urls = urls_of(&bases, format!("http://{address}"));
        let desk = Desk {
            hub: Arc::clone(&hub),
            seed: options.seed,
            urls: Arc::new(urls.clone()),
            apps: Arc::new(apps.clone()),
        };
        tasks.spawn(async move {
            // It ends only when it is dropped with the others.
            drop(axum::serve(control, control::router(desk)).await);
        });
        let clerk = Arc::clone(&hub);
        tasks.spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(60)).await;
                clerk.anywhere(|world, now| world.look_at_consents(now));
            }
        });
        tasks.spawn(Crowd::new(hub, options.seed, options.time_scale).run());
        Ok(Sandbox { urls, apps, tasks })
    }

    /// Where everything is reached.
    pub fn urls(&self) -> &Urls {
        &self.urls
    }

    /// The apps that are registered, one on each marketplace.
    pub fn apps(&self) -> &[App] {
        &self.apps
    }

    /// The app that is registered on this marketplace.
    pub fn app(&self, market: Market) -> &App {
        // `apps` are in the order of `Market::ALL`.
        &self.apps[market as usize]
    }

    /// Stops it and waits until its tasks have ended.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// The three built-in shops, with the built-in catalogue or empty.
fn furnish(hub: &Hub, options: &Options) {
    hub.set_redirect(options.tiktok_redirect.clone());
    let pages = if options.catalogue { catalogue::pages(options.seed) } else { Vec::new() };
    hub.anywhere(|world, now| {
        for market in Market::ALL {
            let key = world.open_shop(market, "Heron & Linden", "SG");
            for page in &pages {
                world.list(key, page, now);
            }
        }
    });
}

/// `bases` are in the order of `Market::ALL`.
fn urls_of(bases: &[String; 3], control: String) -> Urls {
    let market = |base: &String, consent: &str| MarketUrls {
        api: base.clone(),
        auth: base.clone(),
        consent: format!("{base}{consent}"),
    };
    Urls {
        shopee: market(&bases[0], "/api/v2/shop/auth_partner"),
        tiktok: market(&bases[1], "/open/authorize"),
        lazada: market(&bases[2], "/oauth/authorize"),
        control,
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SandboxError> {
    let failed = |source| SandboxError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// One app on each marketplace, in the order of `Market::ALL`.
fn apps(seed: u64) -> Vec<App> {
    let mut rng = Rng::fork(seed, "apps");
    let mut hex = |length| rng.text(b"0123456789abcdef", length);
    let shopee_secret = format!("shpk{}", hex(60));
    let shopee_push = format!("shpk{}", hex(60));
    let tiktok_secret = hex(40);
    let lazada_secret = hex(32);
    let (partner, key, service, app_key) =
        (2_001_000 + seed % 1_000, hex(12), 7_100_000_000_u64 + seed % 1_000, 120_000 + seed % 1_000);
    let app = |market, app_id: String, secret: String, push_secret: String, service_id: String| App {
        market,
        app_id,
        secret,
        push_secret,
        service_id,
    };
    vec![
        app(Market::Shopee, partner.to_string(), shopee_secret, shopee_push, partner.to_string()),
        app(Market::Tiktok, key, tiktok_secret.clone(), tiktok_secret, service.to_string()),
        app(Market::Lazada, app_key.to_string(), lazada_secret.clone(), lazada_secret, app_key.to_string()),
    ]
}
