//! `onhand sandbox`: marketplaces to practise on.

mod fault;

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use onhand_sandbox::{Market, Options, Sandbox as Markets};
use serde_json::json;

use super::serve::Stop;
use crate::terminal;

/// Run look-alikes of Shopee, TikTok Shop and Lazada to practise on
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Sandbox {
    #[command(subcommand)]
    action: Option<Action>,
    /// Where the control API listens; the marketplaces take the next three ports (0: free ones)
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7100")]
    control: SocketAddr,
    /// The same seed gives the same shops, goods, ids, tokens and buyers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Orders a second over all shops
    #[arg(long, value_name = "N", default_value_t = 0.0)]
    buyers: f64,
    /// Send webhooks to this server (its address, without a path)
    #[arg(long, value_name = "URL")]
    webhooks: Option<String>,
    /// Print one JSON object when it is ready: addresses, apps and their keys
    #[arg(long)]
    json: bool,
}

/// Instead of running one.
#[derive(Debug, clap::Subcommand)]
enum Action {
    Fault(fault::FaultDesk),
}

impl Sandbox {
    /// Whether it goes on until it is stopped.
    pub(crate) fn is_server(&self) -> bool {
        self.action.is_none()
    }

    fn options(&self) -> Options {
        let next = |step: u16| {
            let port = if self.control.port() == 0 { 0 } else { self.control.port().saturating_add(step) };
            SocketAddr::new(self.control.ip(), port)
        };
        let listen = (1..).zip(Market::ALL).map(|(step, market)| (market, next(step))).collect();
        let hooks = self.webhooks.as_deref().map(|base| base.trim_end_matches('/'));
        let hook = |base: &str, market: Market| (market, format!("{base}/hooks/{}", market.name()));
        Options {
            seed: self.seed,
            listen,
            control: self.control,
            buyers_per_second: self.buyers,
            webhook_urls: hooks
                .map(|base| Market::ALL.map(|market| hook(base, market)).into())
                .unwrap_or_default(),
            tiktok_redirect: hooks.map(|base| format!("{base}/connect/tiktok/callback")),
            ..Options::default()
        }
    }
}

pub(crate) async fn run(mut arguments: Sandbox) -> anyhow::Result<ExitCode> {
    if let Some(Action::Fault(desk)) = arguments.action.take() {
        return fault::run(desk).await.map(|()| ExitCode::SUCCESS);
    }
    let mut stop = Stop::listen()?;
    let sandbox = Markets::start(arguments.options()).await.context("the sandbox cannot start")?;
    if arguments.json {
        terminal::say_json(&json!({"urls": sandbox.urls(), "apps": sandbox.apps()}))?;
    } else {
        terminal::say(&steps(&sandbox, arguments.webhooks.as_deref()));
        terminal::say(&keys_of(&sandbox));
    }
    stop.wait().await;
    sandbox.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// What to do next. Comments in TOML, so that everything that is printed can be the file that `--channels` reads.
fn steps(sandbox: &Markets, webhooks: Option<&str>) -> String {
    let control = &sandbox.urls().control;
    let server = webhooks.unwrap_or("http://127.0.0.1:8080").trim_end_matches('/');
    let json = "-H 'content-type: application/json'";
    let mut lines = vec![
        "Shopee, TikTok Shop and Lazada to practise on. Ctrl-C ends them, and they forget everything."
            .to_owned(),
        String::new(),
        "Keep all of this text as channels.toml and start Onhand in another terminal:".to_owned(),
        "  onhand serve --data ./data --channels channels.toml    # the first time it prints an API key"
            .to_owned(),
        "  export KEY=ohk_...".to_owned(),
    ];
    if webhooks.is_none() {
        lines.push("Tell the marketplaces where their messages and sellers go:".to_owned());
        for market in Market::ALL {
            let name = market.name();
            let body = format!(r#"{{"market":"{name}","url":"{server}/hooks/{name}"}}"#);
            lines.push(format!("  curl -sS {json} {control}/control/webhooks -d '{body}'"));
        }
        let body = format!(r#"{{"url":"{server}/connect/tiktok/callback"}}"#);
        lines.push(format!("  curl -sS {json} {control}/control/redirect -d '{body}'"));
    }
    lines.extend([
        "Connect a shop (shopee, tiktok, lazada): open the page that this names, and agree there:".to_owned(),
        format!(
            "  curl -sS {json} -H \"Authorization: Bearer $KEY\" {server}/v1/shops/connect -d '{{\"channel\":\"shopee\"}}'"
        ),
        "See what it lists:".to_owned(),
        format!("  curl -sS -H \"Authorization: Bearer $KEY\" '{server}/v1/listings?limit=3'"),
        format!("Make things go wrong: onhand sandbox fault set outage --market shopee --for 30 --control {control}"),
        format!("Buyers and the rest: {control}/control/state, and sandbox/README.md"),
    ]);
    let commented = lines.iter().map(|line| format!("# {line}").trim_end().to_owned());
    commented.chain([String::new()]).collect::<Vec<_>>().join("\n")
}

/// The sandbox's apps as the file that `--channels` reads.
pub(crate) fn keys_of(sandbox: &Markets) -> String {
    let mut text = String::new();
    for market in Market::ALL {
        let (app, urls) = (sandbox.app(market), sandbox.urls().market(market));
        // Lazada's calls stand under /rest, which its addresses name.
        let rest = if market == Market::Lazada { "/rest" } else { "" };
        text.push_str(&format!(
            "[{}]\nid = {:?}\nsecret = {:?}\nwebhook_secret = {:?}\nservice = {:?}\napi_url = \"{}{rest}\"\nauth_url = \"{}{rest}\"\n",
            market.name(),
            app.app_id,
            app.secret,
            app.push_secret,
            app.service_id,
            urls.api,
            urls.auth,
        ));
        if market != Market::Shopee {
            text.push_str(&format!("consent_url = {:?}\n", urls.consent));
        }
        text.push('\n');
    }
    text
}
