//! The real program connected to the sandbox's three marketplaces, both as processes of their own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::chance::{KeyKind, Keys, seed};
use crate::place::Place;
use crate::server::Server;
use crate::shop::code;
use crate::wire::{Connection, Template};

/// The marketplaces, as both programs call them.
pub(crate) const CHANNELS: [&str; 3] = ["shopee", "tiktok", "lazada"];
/// How long listings may take to be read and told.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(200);
/// Things in one request while goods are made.
const PART: usize = 100;

/// How often a marketplace may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limits {
    /// As the connectors and the sandbox have them.
    Real,
    /// The sandbox has none, and the connectors are told that they may ask this often in a second.
    Raised(u32),
}

/// What is sold: so many pages with so many variations each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goods {
    pub(crate) pages: usize,
    pub(crate) variations: usize,
    /// Of each, on the shelf and on the marketplaces.
    pub(crate) units: i64,
}

impl Goods {
    pub(crate) fn skus(self) -> usize {
        self.pages * self.variations
    }

    fn page(self, number: usize) -> Value {
        let variant = |at: usize| {
            let options = if self.variations > 1 { json!([at.to_string()]) } else { json!([]) };
            let code = code(number * self.variations + at);
            json!({"seller_sku": code, "options": options, "stock": self.units})
        };
        let axes = if self.variations > 1 { json!(["Number"]) } else { json!([]) };
        let variants: Vec<Value> = (0..self.variations).map(variant).collect();
        json!({"title": format!("Page {number}"), "seller_sku": format!("PAGE-{number:05}"), "axes": axes, "variants": variants})
    }
}

/// An answer of either program.
#[derive(Debug)]
pub(crate) struct Reply {
    status: u16,
    location: Option<String>,
    pub(crate) body: Value,
    text: String,
}

/// Calls one of the programs, each call over a connection of its own.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) api_key: String,
    keys: Keys,
}

impl Client {
    fn new(address: SocketAddr, api_key: &str) -> Self {
        Self { address, api_key: api_key.to_owned(), keys: Keys::new(KeyKind::TimeOrdered, seed()) }
    }

    /// A whole request that changes something.
    pub(crate) fn request(&self, path: &str, body: &Value) -> Vec<u8> {
        Template::keyed("POST", path, &self.api_key, Some(&self.keys.next()), body).bytes
    }

    fn exchange(&self, request: &[u8]) -> anyhow::Result<Reply> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let mut connection = Connection::open(self.address).await?;
            let answer = connection.exchange(request).await?;
            Ok(Reply {
                status: answer.status,
                location: answer.header("location").map(str::to_owned),
                body: answer.json().unwrap_or_default(),
                text: String::from_utf8_lossy(answer.body).into_owned(),
            })
        })
    }

    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Reply> {
        let reply = self.exchange(&Template::plain("GET", path, &self.api_key, None).bytes)?;
        if reply.status >= 400 {
            bail!("GET {path}: {} {}", reply.status, reply.text);
        }
        Ok(reply)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let reply = self.exchange(&self.request(path, body))?;
        if reply.status >= 300 {
            bail!("POST {path}: {} {}", reply.status, reply.text);
        }
        Ok(reply.body)
    }
}

/// A running `onhand sandbox`. Killed when it is dropped.
#[derive(Debug)]
struct Sandbox {
    process: Child,
    control: SocketAddr,
    /// Addresses and keys, as it tells programs.
    told: Value,
}

impl Sandbox {
    fn start(binary: &Path, scratch: &Path) -> anyhow::Result<Self> {
        let log = std::fs::File::create(scratch.join("sandbox.log"))?;
        let mut command = Command::new(binary);
        command.args(["sandbox", "--control", "127.0.0.1:0", "--json"]).stdin(Stdio::null());
        let process = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        // Held from here on, so that a failure below does not leave the process behind.
        let control = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut sandbox = Self { process, control, told: Value::Null };
        let output = sandbox.process.stdout.take().context("the sandbox has no output")?;
        // It goes on running, so the end of the output is not waited for.
        let mut told = serde_json::Deserializer::from_reader(output).into_iter::<Value>();
        sandbox.told = told.next().context("the sandbox ended before it was ready")??;
        let control = sandbox.told["urls"]["control"].as_str().context("the sandbox names no control API")?;
        sandbox.control = split(control)?.0;
        Ok(sandbox)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Host and path of a URL of this machine.
fn split(url: &str) -> anyhow::Result<(SocketAddr, &str)> {
    let rest = url.strip_prefix("http://").with_context(|| format!("{url} is no address of this machine"))?;
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    Ok((host.parse().with_context(|| format!("{url} names no address"))?, path))
}

/// The whole of it.
#[derive(Debug)]
pub(crate) struct Market {
    sandbox: Sandbox,
    server: Server,
    binary: PathBuf,
    place: Vec<String>,
    scratch: tempfile::TempDir,
    /// The sandbox's control API.
    pub(crate) control: Client,
    /// Our API.
    pub(crate) api: Client,
}

impl Market {
    /// Three connected shops that sell these goods; every figure is told.
    pub(crate) fn open(
        binary: &Path,
        place: &Place<'_>,
        below: &Path,
        goods: Goods,
        limits: Limits,
    ) -> anyhow::Result<Self> {
        let scratch = tempfile::tempdir_in(below)?;
        let sandbox = Sandbox::start(binary, scratch.path())?;
        let place = place.arguments();
        let server = serve(binary, &place, scratch.path(), &sandbox.told, limits)?;
        let api_key = server.api_key.clone().context("the first start showed no API key")?;
        let control = Client::new(sandbox.control, "none");
        let api = Client::new(server.address, &api_key);
        let market = Self { sandbox, server, binary: binary.to_owned(), place, scratch, control, api };
        market.limit(limits)?;
        market.stock_up(goods)?;
        market.subscribe()?;
        for channel in CHANNELS {
            market.connect(channel)?;
        }
        market.settle().context("while the first figures were told")?;
        Ok(market)
    }

    /// Starts the server again with other limits.
    pub(crate) fn restart(&mut self, limits: Limits) -> anyhow::Result<()> {
        self.server.kill()?;
        self.server = serve(&self.binary, &self.place, self.scratch.path(), &self.sandbox.told, limits)?;
        self.api.address = self.server.address;
        self.limit(limits)?;
        self.subscribe()
    }

    /// The key that Shopee signs webhooks with.
    pub(crate) fn webhook_secret(&self) -> anyhow::Result<String> {
        let apps = self.sandbox.told["apps"].as_array().context("the sandbox names no apps")?;
        let app = apps.iter().find(|app| app["market"] == "shopee");
        let secret = app.and_then(|app| app["push_secret"].as_str());
        Ok(secret.context("the sandbox names no webhook secret")?.to_owned())
    }

    fn limit(&self, limits: Limits) -> anyhow::Result<()> {
        let name = if limits == Limits::Real { "published" } else { "off" };
        self.control.post("/control/limits", &json!({ "limits": name })).map(drop)
    }

    fn stock_up(&self, goods: Goods) -> anyhow::Result<()> {
        let codes: Vec<String> = (0..goods.skus()).map(code).collect();
        for codes in codes.chunks(PART) {
            let skus: Vec<Value> = codes.iter().map(|code| json!({"sku": code, "name": code})).collect();
            self.api.post("/v1/skus/bulk", &json!({ "skus": skus }))?;
            self.adjust(codes, goods.units)?;
        }
        let pages: Vec<Value> = (0..goods.pages).map(|number| goods.page(number)).collect();
        for pages in pages.chunks(PART) {
            self.control.post("/control/catalogue", &json!({ "items": pages }))?;
        }
        Ok(())
    }

    /// As many units more of each of these SKUs; a hundred of them at most.
    pub(crate) fn adjust(&self, codes: &[String], units: i64) -> anyhow::Result<()> {
        let item =
            |code: &String| json!({"action": "adjust", "sku": code, "quantity": units, "reason": "received"});
        let items: Vec<Value> = codes.iter().map(item).collect();
        let answer = self.api.post("/v1/stock/bulk", &json!({"mode": "atomic", "items": items}))?;
        let refused =
            answer["results"].as_array().into_iter().flatten().find(|result| result["status"] != 200);
        match refused {
            Some(refused) => bail!("stock was not changed: {refused}"),
            None => Ok(()),
        }
    }

    /// The marketplaces send their webhooks to the server.
    fn subscribe(&self) -> anyhow::Result<()> {
        for channel in CHANNELS {
            let url = format!("http://{}/hooks/{channel}", self.server.address);
            self.control.post("/control/webhooks", &json!({"market": channel, "url": url}))?;
        }
        Ok(())
    }

    /// The marketplaces send no webhooks.
    pub(crate) fn silence(&self) -> anyhow::Result<()> {
        for channel in CHANNELS {
            self.control.post("/control/webhooks", &json!({"market": channel, "url": null}))?;
        }
        Ok(())
    }

    /// The whole round trip of an owner: our link, the marketplace's page, its redirect, the exchange of the code.
    fn connect(&self, channel: &str) -> anyhow::Result<()> {
        let back = format!("http://{}/connect/{channel}/callback", self.server.address);
        if channel == "tiktok" {
            self.control.post("/control/redirect", &json!({ "url": back }))?;
        }
        let consent = self.api.post("/v1/shops/connect", &json!({ "channel": channel }))?;
        let page = consent["url"].as_str().context("no consent page")?;
        let joint = if page.contains('?') { '&' } else { '?' };
        let page = format!("{page}{joint}auto=1");
        let (address, path) = split(&page)?;
        let sent_back = Client::new(address, "none").get(path)?;
        let to =
            sent_back.location.with_context(|| format!("{channel} sent nobody back: {}", sent_back.text))?;
        let page = self.api.get(split(&to)?.1)?;
        // The page is for people; whether the shop is connected is known to the API.
        if !self.shops()?.iter().any(|shop| shop["channel"] == channel && shop["state"] == "connected") {
            bail!("{channel}: {}", page.text);
        }
        Ok(())
    }

    /// The shops as our API shows them.
    pub(crate) fn shops(&self) -> anyhow::Result<Vec<Value>> {
        let shops = self.api.get("/v1/shops")?.body;
        Ok(shops["data"].as_array().context("no list of shops")?.clone())
    }

    /// Waits until every listing was read and every figure is told.
    pub(crate) fn settle(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut quiet = 0;
        while quiet < 4 {
            let shops = self.shops()?;
            let told = |shop: &Value| !shop["imported_at"].is_null() && shop["waiting"] == 0;
            quiet = if shops.len() == CHANNELS.len() && shops.iter().all(told) { quiet + 1 } else { 0 };
            if Instant::now() > deadline {
                bail!("not told within {} s: {shops:?}", PATIENCE.as_secs());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Waits until no look back at a push is left to do: those of the first figures come half a minute after them.
    pub(crate) fn wait_for_looks_back(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let left = self.api.get("/v1/jobs?kind=read_back&limit=1")?.body;
            if left["data"].as_array().is_some_and(Vec::is_empty) {
                return Ok(());
            }
            std::thread::sleep(LOOK);
        }
        bail!("pushes are still looked back at after {} s", PATIENCE.as_secs())
    }

    /// A buyer who orders one unit and pays at once.
    pub(crate) fn order(&self, channel: &str, sku: &str) -> Vec<u8> {
        let lines = json!([{"seller_sku": sku, "quantity": 1}]);
        self.control.request("/control/orders", &json!({"market": channel, "lines": lines, "pay": true}))
    }

    /// Events after this one, and the number of the last.
    pub(crate) fn events(&self, mut after: i64) -> anyhow::Result<(Vec<Value>, i64)> {
        let mut events = Vec::new();
        loop {
            let page = self.api.get(&format!("/v1/events?after={after}&limit=200"))?.body;
            let rows = page["data"].as_array().context("no list of events")?;
            let Some(last) = rows.last().and_then(|row| row["number"].as_i64()) else {
                return Ok((events, after));
            };
            after = last;
            events.extend(rows.iter().cloned());
        }
    }

    /// Channel of each shop by its code.
    pub(crate) fn channels(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let text = |shop: &Value, name: &str| shop[name].as_str().unwrap_or_default().to_owned();
        Ok(self.shops()?.iter().map(|shop| (text(shop, "shop"), text(shop, "channel"))).collect())
    }
}

fn serve(
    binary: &Path,
    place: &[String],
    scratch: &Path,
    told: &Value,
    limits: Limits,
) -> anyhow::Result<Server> {
    let file = scratch.join("channels.toml");
    std::fs::write(&file, keys(told, limits)?)?;
    let mut arguments = place.to_vec();
    arguments.extend(["--channels".to_owned(), file.display().to_string()]);
    arguments.extend(["--secret-key-file".to_owned(), scratch.join("secret.key").display().to_string()]);
    Server::start(binary, &arguments, scratch)
}

/// The file that `onhand serve --channels` reads.
fn keys(told: &Value, limits: Limits) -> anyhow::Result<String> {
    let mut text = String::new();
    for app in told["apps"].as_array().context("the sandbox names no apps")? {
        let market = app["market"].as_str().context("an app of no marketplace")?;
        let urls = &told["urls"][market];
        // Lazada's calls stand under /rest, which its addresses name.
        let rest = if market == "lazada" { "/rest" } else { "" };
        let url = |name: &str| urls[name].as_str().unwrap_or_default().to_owned();
        let (api, auth, consent) = (url("api") + rest, url("auth") + rest, url("consent"));
        text.push_str(&format!("[{market}]\n"));
        for (name, value) in [
            ("id", &app["app_id"]),
            ("secret", &app["secret"]),
            ("webhook_secret", &app["push_secret"]),
            ("service", &app["service_id"]),
            ("api_url", &Value::from(api)),
            ("auth_url", &Value::from(auth)),
        ] {
            // A text of JSON is one of TOML too.
            text.push_str(&format!("{name} = {value}\n"));
        }
        if market != "shopee" {
            text.push_str(&format!("consent_url = {consent:?}\n"));
        }
        if let Limits::Raised(rate) = limits {
            text.push_str(&format!(
                "limits = {{ auth = {rate}, listings = {rate}, stock = {rate}, orders = {rate} }}\n"
            ));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_only_when_they_are_raised() {
        let app =
            json!({"market": "lazada", "app_id": "1", "secret": "s", "push_secret": "p", "service_id": "1"});
        let urls = json!({"api": "http://a", "auth": "http://b", "consent": "http://c/d"});
        let told = json!({"apps": [app], "urls": {"lazada": urls}});
        let real = keys(&told, Limits::Real).unwrap();
        let plain = "[lazada]\nid = \"1\"\nsecret = \"s\"\nwebhook_secret = \"p\"\nservice = \"1\"\n\
                     api_url = \"http://a/rest\"\nauth_url = \"http://b/rest\"\nconsent_url = \"http://c/d\"\n";
        assert_eq!(real, plain);
        let limits = "limits = { auth = 9, listings = 9, stock = 9, orders = 9 }\n";
        assert_eq!(keys(&told, Limits::Raised(9)).unwrap(), real + limits);
    }

    #[test]
    fn addresses_are_taken_apart() {
        let (address, path) = split("http://127.0.0.1:80/a?b=c").unwrap();
        assert_eq!((address.port(), path), (80, "/a?b=c"));
        assert!(split("https://example.org/").is_err());
    }
}
