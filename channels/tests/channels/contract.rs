//! The suite that every connector passes.

use onhand_connector::contract::{Subject, check};

use crate::desk::{Desk, item, shipment};

async fn passes(name: &str) {
    let desk = Desk::of(name).await;
    check(&Subject {
        channel: desk.channel.as_ref(),
        call: desk.call.clone(),
        server: &desk.server,
        consent: desk.consent(),
        items: vec![item("1001", "2001", "A", 5), item("1001", "2002", "B", 0)],
        references: vec!["576684019603311365".into()],
        shipment: shipment("576684019603311365"),
    })
    .await;
}

#[tokio::test]
async fn h3_shopee_believes_no_bad_answer() {
    passes("shopee").await;
}

#[tokio::test]
async fn h3_tiktok_believes_no_bad_answer() {
    passes("tiktok").await;
}

#[tokio::test]
async fn h3_lazada_believes_no_bad_answer() {
    passes("lazada").await;
}
