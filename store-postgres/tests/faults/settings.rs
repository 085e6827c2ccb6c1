//! A13: a server that may lose acknowledged commits.

use std::time::Duration;

use onhand_store::StoreError;
use onhand_store_postgres::{Options, PostgresStore};
use onhand_testbed::Durability;

use crate::shop::{broken, open, options, order, server, stocked, writer};

#[tokio::test(flavor = "multi_thread")]
async fn a13_a_server_that_loses_commits_is_refused() {
    let (_server, url) = server(Durability::Fast).await;
    let text = broken(PostgresStore::connect(Options::new(&url)).await);
    for word in ["fsync=off", "full_page_writes=off", "--unsafe-durability"] {
        assert!(text.contains(word), "{word} is not named: {text}");
    }
    let durability = open(options(&url)).await.durability();
    assert!(!durability.safe);
    assert!(durability.settings.contains("fsync=off"), "{}", durability.settings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a13_each_setting_counts() {
    let (server, url) = server(Durability::Full).await;
    assert!(open(Options::new(&url)).await.durability().safe);
    for (setting, restart) in [("full_page_writes = off", false), ("data_sync_retry = on", true)] {
        server.sql("postgres", &format!("alter system set {setting}")).unwrap();
        if restart {
            server.restart().unwrap();
        } else {
            server.sql("postgres", "select pg_reload_conf()").unwrap();
        }
        let name = setting.split(' ').next().unwrap();
        let said = setting.replace(' ', "");
        // The reload is a signal: the postmaster may take a moment to pass it on.
        crate::shop::until(setting, || {
            server.sql("postgres", &format!("show {name}")).unwrap() == setting.rsplit(' ').next().unwrap()
        })
        .await;
        let text = broken(PostgresStore::connect(Options::new(&url)).await);
        assert!(text.contains(&said), "{said} is not named: {text}");
        server.sql("postgres", "alter system reset all").unwrap();
        server.restart().unwrap();
    }
}

/// `synchronous_commit` belongs to the connection, so ours is on whatever the server's default is. The proof is that the
/// commit waits for a standby that does not exist.
#[tokio::test(flavor = "multi_thread")]
async fn a13_synchronous_commit_is_switched_on() {
    let (server, url) = server(Durability::Full).await;
    server.sql("postgres", "alter system set synchronous_commit = off").unwrap();
    server.restart().unwrap();
    let mut options = Options::new(&url);
    options.commit_timeout = Duration::from_millis(300);
    let store = open(options).await;
    let durability = store.durability();
    assert!(durability.safe && durability.settings.contains("synchronous_commit=on"), "{durability:?}");
    let mut driver = writer(&store, 1).await;
    stocked(&mut driver, &["A"], 9).await;
    server.sql("postgres", "alter system set synchronous_standby_names = 'ghost'").unwrap();
    server.sql("postgres", "select pg_reload_conf()").unwrap();
    crate::shop::until("the reload", || {
        server.sql("postgres", "show synchronous_standby_names").unwrap() == "ghost"
    })
    .await;
    let waited = driver.batch(&[order(1, &["A"])]).await;
    assert!(matches!(waited, Err(StoreError::Unknown(_))), "{waited:?}");
}
