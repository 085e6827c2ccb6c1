//! SIGKILL at any moment: nothing acknowledged is lost, and the rest is found out by sending it again.

use std::process::Command;

use crate::program::{Place, Process, Server, onhand};
use crate::replays::{file_of, orders};
use crate::shop::{Shop, crowd};

const BUYERS: usize = 16;
/// After how many acknowledged orders the server is killed, in three rounds.
const ROUNDS: [usize; 3] = [40, 7, 151];

async fn a1_kill_nine_under_load(place: Place) {
    let mut server = Server::start(&place);
    let key = server.api_key.clone().expect("a first key");
    let mut shop = Shop::new(&server.url, &key);
    shop.stock("HOT", 1_000_000).await;
    let mut placed = 0;
    for (round, enough) in ROUNDS.into_iter().enumerate() {
        let name = format!("round-{round}");
        let crowd = crowd(&shop, "HOT", &name, BUYERS, enough, || server.process.kill()).await;
        assert!(crowd.acknowledged.len() >= enough);
        server = Server::start(&place);
        assert_eq!(server.api_key, None, "the key is shown on the first start only");
        shop = Shop::new(&server.url, &key);
        for (key, id) in &crowd.acknowledged {
            let order = shop.get(&format!("/v1/orders/{id}")).await;
            assert_eq!(order.status, 200, "the acknowledged order {key} is lost");
        }
        // Done or not, a second attempt under the same key leaves exactly one order.
        for key in &crowd.unanswered {
            let first = shop.order("HOT", key).await.expect("an answer");
            let second = shop.order("HOT", key).await.expect("an answer");
            assert_eq!((first.status, &first.body["id"]), (201, &second.body["id"]));
        }
        placed += crowd.acknowledged.len() + crowd.unanswered.len();
        assert_eq!(shop.reserved("HOT").await, i64::try_from(placed).expect("few"));
        shop.assert_clean().await;
    }
}

#[tokio::test]
async fn a1_kill_nine_under_load_sqlite() {
    a1_kill_nine_under_load(Place::sqlite()).await;
}

#[tokio::test]
async fn a1_kill_nine_under_load_postgres() {
    a1_kill_nine_under_load(Place::postgres()).await;
}

/// Three replays are killed half way; the fourth ends as one that nobody disturbed.
fn a1_a_killed_replay_goes_on(place: &Place) {
    let file = file_of(&orders(200));
    let file = file.path().display().to_string();
    let undisturbed = Place::sqlite().json(&["replay", &file, "--sequential", "--json"]);
    for progress in ["of 200", "invoices: 60", "invoices: 140"] {
        let mut command: Command = onhand();
        command.args(["replay", &file, "--sequential"]).args(place.arguments());
        let mut replay = Process::start(command);
        replay.line_with(progress);
        replay.kill();
    }
    let again = place.json(&["replay", &file, "--sequential", "--json"]);
    assert!(again["replayed"].as_u64() > Some(100), "{again}");
    assert_eq!(again["verify"]["clean"], true, "{again}");
    for name in ["stock_digest", "orders_accepted", "orders_refused", "units_sold", "adjustments_refused"] {
        assert_eq!(again[name], undisturbed[name], "{name}");
    }
}

#[test]
fn a1_a_killed_replay_goes_on_sqlite() {
    a1_a_killed_replay_goes_on(&Place::sqlite());
}

#[test]
fn a1_a_killed_replay_goes_on_postgres() {
    a1_a_killed_replay_goes_on(&Place::postgres());
}
