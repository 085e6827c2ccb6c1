//! API keys, and when they were used.

use onhand_rules::access::{KEY_USES, key_use_key};
use onhand_rules::commands::{CreateApiKey, NoteKeyUse, RevokeApiKey};
use onhand_rules::{ApiKeyId, Setting};

use super::Fixture;
use super::world::{START, World, api_key};

pub(super) async fn api_keys_are_found(fixture: Fixture) {
    let mut world = World::new(fixture).await;
    world.done(api_key(1, None)).await;
    world.done(api_key(2, Some(1))).await;
    world.done(api_key(3, None)).await;
    world.done(RevokeApiKey { id: ApiKeyId(2) }).await;
    world.done(CreateApiKey { same_as_ends_at: Some(START + 5), ..api_key(4, Some(3)) }).await;
    let mut every = world.reads().api_keys().await.unwrap();
    every.sort_by_key(|key| key.id);
    assert_eq!(every.iter().map(|key| key.id.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(every[2].expires_at, Some(START + 5), "the end of a key that was replaced");
    assert_eq!(every[0].principal, every[1].principal);
    assert_ne!(every[0].principal, every[2].principal);
    assert!(every[1].revoked_at.is_some());
    for key in &every {
        assert_eq!(world.reads().api_key_by_hash(&key.hash).await.unwrap().as_ref(), Some(key));
        assert_eq!(world.reads().api_key(key.id).await.unwrap().as_ref(), Some(key));
    }
    assert!(world.reads().api_key_by_hash(&[99; 32]).await.unwrap().is_none());
    assert!(world.reads().api_key(ApiKeyId(99)).await.unwrap().is_none());

    // A use is noted beside the keys, at most once a minute.
    let (noted_at, note) = (world.driver.now, NoteKeyUse { keys: vec![ApiKeyId(1), ApiKeyId(3)] });
    world.done(note.clone()).await;
    world.at(noted_at + 59_999).await;
    world.done(note.clone()).await;
    let found = world.reads().settings(KEY_USES).await.unwrap();
    let at = |at| Setting::KeyUsed { at };
    let expected = |time| [1, 3].map(|id| (key_use_key(ApiKeyId(id)), at(time))).to_vec();
    assert_eq!(found, expected(noted_at));
    world.at(noted_at + 60_000).await;
    world.done(note).await;
    assert_eq!(world.reads().settings(KEY_USES).await.unwrap(), expected(noted_at + 60_000));
    let mut after = world.reads().api_keys().await.unwrap();
    after.sort_by_key(|key| key.id);
    assert_eq!(after, every, "a use changes no key");
}
