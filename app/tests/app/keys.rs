//! `onhand keys`: on the database alone, and through a running server.

use crate::program::{Place, Server, errors, onhand};
use crate::shop::Shop;

#[tokio::test]
async fn a_lost_first_key_is_replaced_from_the_command_line_sqlite() {
    let place = Place::sqlite();
    drop(Server::start(&place));
    let made =
        place.json(&["keys", "create", "--name", "till", "--scopes", "stock:read,orders:write", "--json"]);
    let secret = made["secret"].as_str().expect("a secret");
    let server = Server::start(&place);
    let shop = Shop::new(&server.url, secret);
    assert_eq!(shop.get("/v1/stock").await.status, 200);
    assert_eq!(shop.get("/v1/api-keys").await.status, 403, "only what was asked for");
    drop(server);
    let listed = place.json(&["keys", "list", "--json"]);
    let keys = listed["api_keys"].as_array().expect("keys");
    assert!(keys.iter().any(|key| key["name"] == "till"), "{listed}");
    assert!(!listed.to_string().contains(secret), "a secret is shown once");
    // Keys that commands made for themselves are revoked, but for that of the command that lists them.
    let own = keys.iter().filter(|key| key["name"] == "onhand command line");
    assert_eq!(own.filter(|key| key["revoked_at"].is_null()).count(), 1, "{listed}");
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_postgres() {
    let place = Place::postgres();
    let server = Server::start(&place);
    let admin = server.api_key.clone().expect("a first key");
    let through = |arguments: &[&str]| {
        let output = onhand()
            .args(arguments)
            .args(["--json", "--url", &server.url])
            .env("ONHAND_API_KEY", &admin)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", errors(&output));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("one JSON object")
    };
    let made = through(&["keys", "create", "--name", "till", "--scopes", "stock:read"]);
    let shop = Shop::new(&server.url, made["secret"].as_str().expect("a secret"));
    assert_eq!(shop.get("/v1/stock").await.status, 200);
    through(&["keys", "revoke", made["id"].as_str().expect("an id")]);
    assert_eq!(shop.get("/v1/stock").await.status, 401);
}

/// A command that opens the database first makes keys of its own, and leaves the first one to whoever shows it.
async fn a_command_before_the_first_start_takes_no_key_away(place: Place) {
    let file = tempfile::Builder::new().suffix(".csv").tempfile().expect("a file");
    std::fs::write(file.path(), "sku,name,on_hand\nTEA,Tea,7\n").expect("written");
    let report = place.json(&["import", &file.path().display().to_string(), "--json"]);
    assert_eq!(report["rows"]["created"], 1, "{report}");
    let listed = place.json(&["keys", "list", "--json"]);
    let keys = listed["api_keys"].as_array().expect("keys");
    assert!(keys.iter().all(|key| key["name"] == "onhand command line"), "nobody saw another: {listed}");
    let server = Server::start(&place);
    let first = server.api_key.clone().expect("a key on the first start of a server");
    let shop = Shop::new(&server.url, &first);
    assert_eq!(shop.get("/v1/stock/TEA/main").await.body["on_hand"], 7);
    assert_eq!(shop.get("/v1/api-keys").await.status, 200, "it is an administrator's");
    drop(server);
    assert_eq!(Server::start(&place).api_key, None, "shown once");
}

#[tokio::test]
async fn a_command_before_the_first_start_takes_no_key_away_sqlite() {
    a_command_before_the_first_start_takes_no_key_away(Place::sqlite()).await;
}

#[tokio::test]
async fn a_command_before_the_first_start_takes_no_key_away_postgres() {
    a_command_before_the_first_start_takes_no_key_away(Place::postgres()).await;
}
