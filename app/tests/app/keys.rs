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
