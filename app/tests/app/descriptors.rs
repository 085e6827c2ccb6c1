//! A process that may open few files: connections are files, too.

use std::net::TcpStream;
use std::process::Command;

use crate::program::{Place, Server};
use crate::shop::Shop;

/// Files that the process may have open.
const FILES: u32 = 64;

fn limit(pid: u32) {
    let (pid, files) = (pid.to_string(), format!("--nofile={FILES}:{FILES}"));
    let status = Command::new("prlimit").args(["--pid", &pid, &files]).status();
    assert!(status.expect("prlimit is part of util-linux").success());
}

/// More connections than it may have, and it does not fall; when they are gone, it serves as before.
async fn b14_few_descriptors(place: Place) {
    let server = Server::start(&place);
    let shop = Shop::new(&server.url, server.api_key.as_deref().expect("a first key"));
    shop.stock("A", 100).await;
    assert_eq!(shop.order("A", "before").await.expect("an answer").status, 201);
    limit(server.process.pid());
    let address = server.url.trim_start_matches("http://");
    // The kernel takes them although the process cannot; it keeps so many waiting that none of these waits for a place.
    let crowd: Vec<TcpStream> =
        (0..FILES + FILES / 2).map(|_| TcpStream::connect(address).expect("the kernel takes it")).collect();
    // Who was there before is served all the same.
    for number in 0..20 {
        let answer = shop.order("A", &format!("in-the-crowd-{number}")).await.expect("an answer");
        assert!(matches!(answer.status, 201 | 503), "{answer:?}");
    }
    drop(crowd);
    let fresh = Shop::new(&server.url, server.api_key.as_deref().expect("a first key"));
    let answer = fresh.order("A", "after").await.expect("it takes connections again");
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(fresh.get("/readyz").await.status, 200);
    fresh.assert_clean().await;
}

#[tokio::test]
async fn b14_few_descriptors_are_no_end_sqlite() {
    b14_few_descriptors(Place::sqlite()).await;
}

#[tokio::test]
async fn b14_few_descriptors_are_no_end_postgres() {
    b14_few_descriptors(Place::postgres()).await;
}
