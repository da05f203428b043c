//! Keys that we issue: made, listed, revoked, each change with its line in the audit.
//!
//! A key in clear is returned once, by the function that makes it, and never stored. Nothing is deleted:
//! a revoked key still has to explain the calls that it made.

use crate::accounts::{failed, must_exist, note};
use crate::{Author, Ledger, StoreError};
use exchange::{ApiKey, ConsumerName, KeyDigest, KeyId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

/// A key, as lists show it: never the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its id, for commands.
    pub id: KeyId,
    /// Its digest.
    pub digest: KeyDigest,
    /// Whose it is.
    pub consumer: ConsumerName,
    /// Its last four characters.
    pub tail: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// From when on it is revoked, in milliseconds since 1970: later than now while its successor takes over.
    pub revoked_ms: Option<u64>,
}

impl KeyInfo {
    /// Whether it is unknown at this moment.
    pub fn is_revoked(&self, now_ms: u64) -> bool {
        self.revoked_ms.is_some_and(|from| from <= now_ms)
    }
}

impl Ledger {
    /// Makes a key for a consumer from 32 random bytes. This is the only time it is seen.
    ///
    /// # Errors
    /// [`StoreError::UnknownConsumer`], [`StoreError::KeyIdTaken`], or the file's.
    pub async fn new_key(
        &self,
        name: &ConsumerName,
        entropy: [u8; 32],
        by: Author<'_>,
    ) -> Result<ApiKey, StoreError> {
        let mut file = self.accounts()?.lock().await;
        let mut change = file.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        must_exist(&mut change, name).await?;
        let key = make(&mut change, name, entropy, by).await?;
        change.commit().await.map_err(failed)?;
        Ok(key)
    }

    /// Revokes a key: from then on it is unknown. Revoking it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::UnknownKey`], or the file's.
    pub async fn revoke_key(&self, id: &KeyId, by: Author<'_>) -> Result<KeyInfo, StoreError> {
        let mut file = self.accounts()?.lock().await;
        let mut change = file.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let mut key = known(&mut change, id).await?;
        if key.is_revoked(by.at_ms) {
            return Ok(key);
        }
        revoke(&mut change, &mut key, by.at_ms).await?;
        note(&mut change, by, "key-revoked", &key.consumer, &id.0).await?;
        change.commit().await.map_err(failed)?;
        Ok(key)
    }

    /// Makes a successor of a key, which itself stays valid for `overlap_ms` more: both at once, or neither.
    ///
    /// # Errors
    /// [`StoreError::UnknownKey`], also of one that is revoked already; or the file's.
    pub async fn rotate_key(
        &self,
        id: &KeyId,
        entropy: [u8; 32],
        overlap_ms: u64,
        by: Author<'_>,
    ) -> Result<(ApiKey, KeyInfo), StoreError> {
        let mut file = self.accounts()?.lock().await;
        let mut change = file.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let mut old = known(&mut change, id).await?;
        if old.is_revoked(by.at_ms) {
            return Err(StoreError::UnknownKey { id: id.clone() });
        }
        let key = make(&mut change, &old.consumer, entropy, by).await?;
        let until = by.at_ms.saturating_add(overlap_ms);
        // One that was to end earlier ends then: rotating twice lengthens nothing.
        let until = old.revoked_ms.map_or(until, |set| set.min(until)).min(i64::MAX.cast_unsigned());
        revoke(&mut change, &mut old, until).await?;
        note(&mut change, by, "key-rotated", &old.consumer, &id.0).await?;
        change.commit().await.map_err(failed)?;
        Ok((key, old))
    }

    /// Keys, revoked ones too, of one consumer or of all; by consumer, then oldest first.
    pub async fn list_keys(&self, of: Option<&ConsumerName>) -> Result<Vec<KeyInfo>, StoreError> {
        let mut file = self.accounts_to_read().lock().await;
        let mut look = file.begin().await.map_err(failed)?;
        let mut keys = all(&mut look).await?;
        keys.retain(|key| of.is_none_or(|name| key.consumer == *name));
        Ok(keys)
    }
}

/// Makes a key.
async fn make(
    change: &mut SqliteConnection,
    name: &ConsumerName,
    entropy: [u8; 32],
    by: Author<'_>,
) -> Result<ApiKey, StoreError> {
    let key = ApiKey::from_entropy(&entropy);
    let id = KeyId::of(&key.digest());
    let made = sqlx::query(
        "INSERT INTO keys (digest, id, consumer, tail, created_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(key.digest().0.to_vec())
    .bind(&id.0)
    .bind(name.as_str())
    .bind(key.tail())
    .bind(by.at_ms.cast_signed())
    .execute(&mut *change)
    .await
    .map_err(failed)?;
    if made.rows_affected() == 0 {
        return Err(StoreError::KeyIdTaken { id });
    }
    note(change, by, "key-made", name, &id.0).await?;
    Ok(key)
}

/// The key of this id.
async fn known(change: &mut SqliteConnection, id: &KeyId) -> Result<KeyInfo, StoreError> {
    let row = sqlx::query("SELECT digest, id, consumer, tail, created_ms, revoked_ms FROM keys WHERE id = ?")
        .bind(&id.0)
        .fetch_optional(change)
        .await
        .map_err(failed)?
        .ok_or_else(|| StoreError::UnknownKey { id: id.clone() })?;
    key_info(&row).map_err(failed)
}

/// Revokes a key from this moment on.
async fn revoke(change: &mut SqliteConnection, key: &mut KeyInfo, from_ms: u64) -> Result<(), StoreError> {
    key.revoked_ms = Some(from_ms);
    sqlx::query("UPDATE keys SET revoked_ms = ? WHERE id = ?")
        .bind(from_ms.cast_signed())
        .bind(&key.id.0)
        .execute(change)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// All keys, by consumer, then oldest first.
pub(crate) async fn all(look: &mut SqliteConnection) -> Result<Vec<KeyInfo>, StoreError> {
    let rows = sqlx::query(
        "SELECT digest, id, consumer, tail, created_ms, revoked_ms FROM keys ORDER BY consumer, created_ms, id",
    )
    .fetch_all(look)
    .await
    .map_err(failed)?;
    rows.iter().map(key_info).collect::<Result<_, _>>().map_err(failed)
}

fn key_info(row: &SqliteRow) -> Result<KeyInfo, sqlx::Error> {
    let digest: &[u8] = row.try_get(0)?;
    let digest = digest.try_into().map_err(|_| sqlx::Error::Decode("a digest has 32 bytes".into()))?;
    Ok(KeyInfo {
        digest: KeyDigest(digest),
        id: KeyId(row.try_get(1)?),
        consumer: ConsumerName::new(row.try_get(2)?),
        tail: row.try_get(3)?,
        created_ms: row.try_get::<i64, _>(4)?.cast_unsigned(),
        revoked_ms: row.try_get::<Option<i64>, _>(5)?.map(i64::cast_unsigned),
    })
}
