//! Encrypted connections, and servers that are not who they should be.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use onhand_store::StoreError;
use onhand_store_postgres::{Options, PostgresStore};
use onhand_testbed::{Durability, Postgres};

use crate::shop::{options, server, stocked, until, writer};

fn openssl(dir: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .current_dir(dir)
        .args(arguments.split(' '))
        .output()
        .expect("openssl must be installed: apt-get install openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// An authority, and a certificate of it for this name.
fn certify(dir: &Path, name: &str) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(dir, &format!("req -x509 {key} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"));
    openssl(dir, &format!("req {key} -subj /CN=server -keyout server.key -out server.csr"));
    std::fs::write(dir.join("extensions"), format!("subjectAltName={name}\n")).unwrap();
    openssl(
        dir,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out server.pem",
    );
}

/// Gives the server the certificate in `dir` and switches encryption on.
async fn encrypt(server: &Postgres, dir: &Path) {
    let data = PathBuf::from(server.sql("postgres", "show data_directory").unwrap());
    for file in ["server.key", "server.pem"] {
        let target = data.join(file);
        std::fs::copy(dir.join(file), &target).unwrap();
        // The server reads its key only if it is its own and nobody else's.
        let owner = format!("--reference={}", data.join("PG_VERSION").display());
        assert!(Command::new("chown").arg(owner).arg(&target).status().unwrap().success());
        assert!(Command::new("chmod").arg("600").arg(&target).status().unwrap().success());
    }
    for setting in ["ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.key'", "ssl = on"] {
        server.sql("postgres", &format!("alter system set {setting}")).unwrap();
    }
    server.sql("postgres", "select pg_reload_conf()").unwrap();
    until("encryption", || server.sql("postgres", "show ssl").unwrap() == "on").await;
}

async fn encrypted_server(name: &str) -> (Arc<Postgres>, String, tempfile::TempDir) {
    let (server, url) = server(Durability::Fast).await;
    let dir = tempfile::tempdir().unwrap();
    certify(dir.path(), name);
    encrypt(&server, dir.path()).await;
    (server, url, dir)
}

/// How many of our connections are encrypted, and how many are not.
fn connections(server: &Postgres) -> String {
    let sql = "select count(*) filter (where ssl), count(*) filter (where not ssl) \
               from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'onhand'";
    server.sql("postgres", sql).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_used_and_verified() {
    let (server, url, dir) = encrypted_server("IP:127.0.0.1").await;
    let roots = dir.path().join("ca.pem");
    let mut by_option = options(&format!("{url}?sslmode=require"));
    by_option.root_certificates = Some(roots.clone());
    let by_url = options(&format!("{url}?sslmode=verify-full&sslrootcert={}", roots.display()));
    // A default server has a certificate that nobody knows; whoever asks for no more than encryption gets it.
    let by_default = options(&url);
    for options in [by_option, by_url, by_default] {
        let store: Arc<dyn onhand_store::Store> = Arc::new(PostgresStore::connect(options).await.unwrap());
        store.reads().ping().await.unwrap();
        let mut driver = writer(&store, 1).await;
        driver.session().begin().await.unwrap();
        assert_eq!(connections(&server), "2|0", "one writer and one reader");
        driver.session().rollback().await.unwrap();
        drop((store, driver));
        until("the end of the connections", || connections(&server) == "0|0").await;
    }
    let plain = Arc::new(PostgresStore::connect(options(&format!("{url}?sslmode=disable"))).await.unwrap());
    let store: Arc<dyn onhand_store::Store> = plain;
    stocked(&mut writer(&store, 1).await, &["A"], 1).await;
    store.reads().ping().await.unwrap();
    assert_eq!(connections(&server).split('|').next(), Some("0"));
}

async fn refused(options: Options) -> String {
    crate::shop::broken(PostgresStore::connect(options).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_distrusts_unknown_authorities() {
    let (server, url, _dir) = encrypted_server("IP:127.0.0.1").await;
    let stranger = tempfile::tempdir().unwrap();
    certify(stranger.path(), "IP:127.0.0.1");
    let strange = stranger.path().join("ca.pem");
    for query in [
        format!("sslmode=require&sslrootcert={}", strange.display()),
        // Naming an authority is asking for its verification.
        format!("sslrootcert={}", strange.display()),
    ] {
        let text = refused(options(&format!("{url}?{query}"))).await;
        assert!(text.contains("certificate"), "{text}");
    }
    let missing = refused(options(&format!("{url}?sslrootcert=/nowhere.pem"))).await;
    assert!(missing.contains("/nowhere.pem"), "{missing}");
    assert_eq!(connections(&server), "0|0");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_distrusts_another_name() {
    let (_server, url, dir) = encrypted_server("DNS:elsewhere.example").await;
    let roots = dir.path().join("ca.pem");
    let text = refused(options(&format!("{url}?sslmode=require&sslrootcert={}", roots.display()))).await;
    assert!(text.contains("not valid for name"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_never_given_up_in_silence() {
    let (_server, url) = server(Durability::Fast).await;
    let dir = tempfile::tempdir().unwrap();
    certify(dir.path(), "IP:127.0.0.1");
    let roots = dir.path().join("ca.pem");
    let text = refused(options(&format!("{url}?sslmode=require&sslrootcert={}", roots.display()))).await;
    assert!(text.contains("TLS"), "{text}");
    // Without encryption being asked for, the same server will do.
    let plain = PostgresStore::connect(options(&url)).await;
    assert!(!matches!(plain, Err(StoreError::Broken(_))), "{plain:?}");
}
