//! `onhand sandbox fault`: faults ordered, seen and taken away in a sandbox that runs.

use onhand_sandbox::{Options, RateLimits, Sandbox};
use serde_json::{Value, json};

use crate::program::{errors, run, text};

struct Town {
    sandbox: Sandbox,
    web: reqwest::Client,
    control: String,
}

impl Town {
    async fn start() -> Self {
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let options = Options { limits: RateLimits::Off, ..Options::default() };
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        let control = sandbox.urls().control.clone();
        let web = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { sandbox, web, control }
    }

    /// Runs `onhand sandbox fault …` to its end; whether it was a good one, and what it said.
    async fn fault(&self, arguments: &str) -> (bool, String) {
        let line = format!("sandbox fault {arguments} --control {}", self.control);
        let ran = tokio::task::spawn_blocking(move || run(&line.split(' ').collect::<Vec<_>>()));
        let output = ran.await.expect("no panic");
        (output.status.success(), text(&output) + &errors(&output))
    }

    async fn json(&self, arguments: &str) -> Value {
        let (good, told) = self.fault(&format!("{arguments} --json")).await;
        assert!(good, "{arguments}: {told}");
        serde_json::from_str(&told).expect("one JSON object")
    }

    /// A second shop of Shopee's.
    async fn another_shop(&self) -> String {
        let url = format!("{}/control/shops", self.control);
        let new = json!({"market": "shopee", "name": "Second"});
        let told: Value =
            self.web.post(url).json(&new).send().await.expect("an answer").json().await.expect("JSON");
        told["shop"].as_str().map_or_else(|| told["shop"].to_string(), str::to_owned)
    }

    /// What a call to the marketplace is answered.
    async fn status(&self, market: &str) -> u16 {
        let market = onhand_sandbox::Market::ALL.into_iter().find(|known| known.name() == market);
        let url = self.sandbox.urls().market(market.expect("a marketplace")).api.clone();
        let url = format!("{url}/api/v2/shop/get_shop_info");
        self.web.get(url).send().await.expect("an answer").status().as_u16()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_are_ordered_and_taken_away_by_command_line_per_shop() {
    let town = Town::start().await;
    let before = town.status("shopee").await;
    let (good, told) = town.fault("set outage --market shopee --for 3600").await;
    assert!(good && told.contains("outage is in force"), "{told}");
    assert_eq!(town.status("shopee").await, 502);
    assert_ne!(town.status("lazada").await, 502, "one marketplace");
    let shop = town.another_shop().await;
    let set = format!("set clock_skew --ms -40000 --market shopee --shop {shop}");
    let id = town.json(&set).await["id"].as_u64().expect("a number");
    let of_shop = town.json(&format!("list --shop {shop}")).await;
    let [fault] = of_shop["faults"].as_array().expect("a list").as_slice() else { panic!("{of_shop}") };
    assert_eq!(
        (&fault["id"], &fault["ms"], &fault["fault"]),
        (&json!(id), &json!(-40_000), &json!("clock_skew"))
    );
    let (_, told) = town.fault("list").await;
    assert_eq!(told.lines().count(), 2, "{told}");
    assert!(told.contains(&format!("clock_skew shopee {shop}")), "{told}");

    let (good, told) = town.fault(&format!("clear --shop {shop}")).await;
    assert!(good && told.contains("1 taken away"), "{told}");
    assert_eq!(town.status("shopee").await, 502, "the other one is in force");
    let (good, told) = town.fault(&format!("clear {id}")).await;
    assert!(!good && told.contains("has ended"), "{told}");
    assert!(town.fault("clear").await.0);
    assert_eq!(town.status("shopee").await, before);
    let (_, told) = town.fault("list").await;
    assert_eq!(told.trim(), "nothing is wrong");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_ordered_is_said() {
    let town = Town::start().await;
    for (order, says) in [
        ("set landslide", "unknown variant"),
        ("set latency", "missing field `ms`"),
        ("set outage --market amazon", "there is no marketplace"),
        ("set outage --market shopee --shop 1", "no such shop"),
    ] {
        let (good, told) = town.fault(order).await;
        assert!(!good && told.contains(says), "{order}: {told}");
    }
    assert_eq!(town.json("list").await["faults"], json!([]));
    // At once, and then it has happened.
    let (good, told) = town.fault("set expire_token --market tiktok").await;
    assert!(good && told.contains("has happened"), "{told}");
    // Nobody listens there.
    let (good, told) = Town { control: "http://127.0.0.1:1".to_owned(), ..town }.fault("list").await;
    assert!(!good && told.contains("--control names another"), "{told}");
}
