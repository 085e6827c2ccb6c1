//! SKUs, locations and API keys.

use onhand_rules::access::ApiKey;
use onhand_rules::{ApiKeyId, Location, LocationId, Sku, SkuId};
use onhand_store::{Page, StoreError, name_pattern};

use super::{PostgresReads, one_more};
use crate::column::Uuid;
use crate::rows::{self, api_key_columns, location_columns, sku_columns};

/// Codes with a prefix lie between it and itself followed by the largest characters there are, as many as a code may
/// have; the index is read no further.
const SKUS: &str = concat!(
    "select ",
    sku_columns!(),
    " from sku s where s.code >= $1 and s.code <= $1 || repeat(chr(1114111), 50) and starts_with(s.code, $1) \
     and ($2::text is null or s.code > $2) order by s.code limit $3"
);

impl PostgresReads {
    pub(super) async fn read_skus(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Sku>, StoreError> {
        let found = self.query(SKUS, &[&prefix, &after, &one_more(limit)]).await?;
        Ok(Page::of(rows::all(&found, rows::sku)?, limit))
    }

    pub(super) async fn read_sku(&self, code: &str) -> Result<Option<Sku>, StoreError> {
        let sql = concat!("select ", sku_columns!(), " from sku s where s.code = $1");
        let found = self.keyed(sql, &[&code]).await?;
        found.first().map(rows::sku).transpose()
    }

    pub(super) async fn read_skus_named(
        &self,
        words: &[String],
        limit: usize,
    ) -> Result<Vec<Sku>, StoreError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let patterns: Vec<String> = words.iter().map(|word| name_pattern(word)).collect();
        let sql = concat!(
            "select ",
            sku_columns!(),
            " from sku s where lower(s.name collate \"C\") like all ($1) order by s.id limit $2"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        rows::all(&self.query(sql, &[&patterns, &limit]).await?, rows::sku)
    }

    pub(super) async fn read_skus_by_id(&self, ids: &[SkuId]) -> Result<Vec<Sku>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let sql = concat!("select ", sku_columns!(), " from sku s where s.id = any ($1) order by s.id");
        rows::all(&self.keyed(sql, &[&ids]).await?, rows::sku)
    }

    pub(super) async fn read_locations(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Location>, StoreError> {
        let sql = concat!(
            "select ",
            location_columns!(),
            " from location l where ($1::text is null or l.code > $1) order by l.code limit $2"
        );
        let found = self.query(sql, &[&after, &one_more(limit)]).await?;
        Ok(Page::of(rows::all(&found, rows::location)?, limit))
    }

    pub(super) async fn read_location(&self, code: &str) -> Result<Option<Location>, StoreError> {
        let sql = concat!("select ", location_columns!(), " from location l where l.code = $1");
        let found = self.keyed(sql, &[&code]).await?;
        found.first().map(rows::location).transpose()
    }

    pub(super) async fn read_locations_by_id(&self, ids: &[LocationId]) -> Result<Vec<Location>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let sql =
            concat!("select ", location_columns!(), " from location l where l.id = any ($1) order by l.id");
        rows::all(&self.keyed(sql, &[&ids]).await?, rows::location)
    }

    pub(super) async fn read_api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        let sql = concat!("select ", api_key_columns!(), " from api_key a where a.hash = $1");
        let found = self.keyed(sql, &[&hash.as_slice()]).await?;
        found.first().map(rows::api_key).transpose()
    }

    pub(super) async fn read_api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let sql = concat!("select ", api_key_columns!(), " from api_key a where a.id = $1");
        let found = self.keyed(sql, &[&Uuid(id.0)]).await?;
        found.first().map(rows::api_key).transpose()
    }

    pub(super) async fn read_api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let sql = concat!("select ", api_key_columns!(), " from api_key a order by a.id");
        rows::all(&self.query(sql, &[]).await?, rows::api_key)
    }
}
