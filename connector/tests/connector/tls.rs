//! E4: servers that are not who they should be. None of them gets a byte of a request.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use onhand_connector::http::{Http, Limits, Request};
use onhand_connector::{Class, Failure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

fn openssl(dir: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .current_dir(dir)
        .args(arguments.split(' '))
        .output()
        .expect("openssl must be installed: apt-get install openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

struct Server {
    url: String,
    authority: Vec<u8>,
    /// How many requests came through the handshake.
    heard: Arc<std::sync::atomic::AtomicUsize>,
}

/// With a certificate of an authority of its own, for this name and from `dates` on.
async fn server(name: &str, dates: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(dir, &format!("req -x509 {key} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"));
    openssl(dir, &format!("req {key} -subj /CN=server -keyout server.key -out server.csr"));
    std::fs::write(dir.join("extensions"), format!("subjectAltName={name}\n")).unwrap();
    openssl(
        dir,
        &format!(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial {dates} -extfile extensions \
             -out server.pem"
        ),
    );
    let read = |file: &str| CertificateDer::from_pem_file(dir.join(file)).unwrap();
    let private = PrivateKeyDer::from_pem_file(dir.join("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![read("server.pem")], private)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let heard = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&heard);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            if !matches!(stream.read(&mut request).await, Ok(read) if read > 0) {
                continue;
            }
            counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            drop(stream.write_all(answer.as_bytes()).await);
            drop(stream.shutdown().await);
        }
    });
    Server { url, authority: read("ca.pem").to_vec(), heard }
}

async fn asks(http: &Http, url: &str) -> Result<(), Failure> {
    let far = tokio::time::Instant::now() + Duration::from_secs(10);
    http.send(Request::get(url, "/").query([("token", "s3cr3t")]), far).await.map(drop)
}

async fn refused(server: &Server, http: &Http) {
    let failure = asks(http, &server.url).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Network, "tls"), "{failure:?}");
    assert!(!failure.message.contains("s3cr3t"), "{failure:?}");
    assert_eq!(server.heard.load(std::sync::atomic::Ordering::SeqCst), 0, "it was told something");
}

fn trusting(server: &Server) -> Http {
    Http::with(Limits { authorities: vec![server.authority.clone()], ..Limits::default() })
}

#[tokio::test]
async fn e4_an_authority_that_nobody_knows() {
    let server = server("IP:127.0.0.1", "-days 2").await;
    refused(&server, &Http::new()).await;
    // The same server is believed by whoever knows its authority, so nothing else was wrong with it.
    asks(&trusting(&server), &server.url).await.unwrap();
}

#[tokio::test]
async fn e4_a_certificate_for_another_host() {
    let server = server("DNS:other.example", "-days 2").await;
    refused(&server, &trusting(&server)).await;
}

#[tokio::test]
async fn e4_a_certificate_that_has_expired() {
    let server = server("IP:127.0.0.1", "-days -1").await;
    refused(&server, &trusting(&server)).await;
}

#[tokio::test]
async fn e4_a_server_that_speaks_no_tls() {
    let (url, _task) = crate::hostile::server(|mut stream| async move {
        drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await);
    })
    .await;
    let failure = asks(&Http::new(), &url.replace("http:", "https:")).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Network, "tls"), "{failure:?}");
}

#[tokio::test]
async fn e3_a_handshake_that_never_ends() {
    let (url, _task) = crate::hostile::server(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let http = Http::with(Limits { connect: Duration::from_millis(200), ..Limits::default() });
    let failure = asks(&http, &url.replace("http:", "https:")).await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Network, "timeout"), "{failure:?}");
}

#[tokio::test]
async fn e4_a_name_that_does_not_exist() {
    let failure = asks(&Http::new(), "https://no-such-host.invalid").await.unwrap_err();
    assert_eq!((failure.class, failure.code.as_str()), (Class::Network, "connect"), "{failure:?}");
}
