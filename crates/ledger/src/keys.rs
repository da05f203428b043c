//! Keys that we issue: made, listed, revoked, each change with its line in the audit.
//!
//! A key in clear is returned once, by the function that makes it, and never stored. Nothing is deleted:
//! a revoked key still has to explain the calls that it made.

use crate::accounts::must_exist;
use crate::audit::note;
use crate::callers::push_of;
use crate::connection::Connection;
use crate::sql::{Row, Sql, unread};
use crate::{Author, Ledger, StoreError, key_use};
use exchange::{ApiKey, ConsumerName, ConsumerRow, KeyDigest, KeyId, KeyRow, KeyScope};

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
    /// What it is narrowed to.
    pub scope: KeyScope,
    /// From when on it opens nothing, in milliseconds since 1970.
    pub expires_ms: Option<u64>,
    /// When its last minute of use began, in milliseconds since 1970; where it was asked for.
    pub used_ms: Option<u64>,
}

/// What a new key may open, and how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewKey {
    /// What it is narrowed to.
    pub scope: KeyScope,
    /// From when on it opens nothing, in milliseconds since 1970.
    pub expires_ms: Option<u64>,
}

impl KeyInfo {
    /// Whether it is unknown at this moment.
    pub fn is_revoked(&self, now_ms: u64) -> bool {
        self.revoked_ms.is_some_and(|from| from <= now_ms)
    }

    /// Whether it has ended by itself at this moment.
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_ms.is_some_and(|from| from <= now_ms)
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
        self.new_narrow_key(name, entropy, &NewKey::default(), by).await
    }

    /// As [`Self::new_key`], for a key that opens less, or not for ever.
    ///
    /// # Errors
    /// The same, and [`StoreError::KeyEnded`] for one that would have ended before it is made.
    pub async fn new_narrow_key(
        &self,
        name: &ConsumerName,
        entropy: [u8; 32],
        wish: &NewKey,
        by: Author<'_>,
    ) -> Result<ApiKey, StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        must_exist(&mut change, name).await?;
        let key = make(&mut change, name, entropy, wish, by).await?;
        change.commit().await?;
        Ok(key)
    }

    /// Revokes a key: from then on it is unknown. Revoking it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::UnknownKey`], or the file's.
    pub async fn revoke_key(&self, id: &KeyId, by: Author<'_>) -> Result<KeyInfo, StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        let mut key = known(&mut change, id).await?;
        if key.is_revoked(by.at_ms) {
            return Ok(key);
        }
        revoke(&mut change, &mut key, by.at_ms).await?;
        note(&mut change, by, "key-revoked", &key.consumer, &id.0).await?;
        change.commit().await?;
        Ok(key)
    }

    /// Makes a successor of a key, which itself stays valid for `overlap_ms` more: both at once, or neither. The successor
    /// opens what the key opens, and ends when it ends, or at `expires_ms`.
    ///
    /// # Errors
    /// [`StoreError::UnknownKey`], [`StoreError::KeyRevoked`], [`StoreError::KeyEnded`]; or the file's.
    pub async fn rotate_key(
        &self,
        id: &KeyId,
        entropy: [u8; 32],
        overlap_ms: u64,
        expires_ms: Option<u64>,
        by: Author<'_>,
    ) -> Result<(ApiKey, KeyInfo), StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        let mut old = known(&mut change, id).await?;
        if old.is_revoked(by.at_ms) {
            return Err(StoreError::KeyRevoked { id: id.clone() });
        }
        let wish = NewKey { scope: old.scope.clone(), expires_ms: expires_ms.or(old.expires_ms) };
        let key = make(&mut change, &old.consumer, entropy, &wish, by).await?;
        let until = by.at_ms.saturating_add(overlap_ms);
        // One that was to end earlier ends then: rotating twice lengthens nothing.
        let until = old.revoked_ms.map_or(until, |set| set.min(until)).min(i64::MAX.cast_unsigned());
        revoke(&mut change, &mut old, until).await?;
        note(&mut change, by, "key-rotated", &old.consumer, &id.0).await?;
        change.commit().await?;
        Ok((key, old))
    }

    /// Keys, revoked ones too, of one consumer or of all; by consumer, then oldest first.
    pub async fn list_keys(&self, of: Option<&ConsumerName>) -> Result<Vec<KeyInfo>, StoreError> {
        let mut file = self.accounts().await?;
        let mut look = file.look().await?;
        let mut keys = all(&mut look).await?;
        drop(look);
        drop(file);
        keys.retain(|key| of.is_none_or(|name| key.consumer == *name));
        if let Some(mut usage) = self.counts().await? {
            let last = key_use::last(&mut usage).await?;
            for key in &mut keys {
                key.used_ms = last.get(&key.digest).map(|minute| minute.saturating_mul(60_000));
            }
        }
        Ok(keys)
    }
}

const COLUMNS: &str =
    "SELECT digest, id, consumer, tail, created_ms, revoked_ms, scope, expires_ms FROM keys";

/// Makes a key.
async fn make(
    change: &mut Connection,
    name: &ConsumerName,
    entropy: [u8; 32],
    wish: &NewKey,
    by: Author<'_>,
) -> Result<ApiKey, StoreError> {
    if let Some(end_ms) = wish.expires_ms.filter(|end| *end <= by.at_ms) {
        return Err(StoreError::KeyEnded { end_ms });
    }
    let key = ApiKey::from_entropy(&entropy);
    let id = KeyId::of(&key.digest());
    let (digest, tail) = (key.digest(), key.tail());
    let make = Sql::new(
        "INSERT INTO keys (digest, id, consumer, tail, created_ms, scope, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT DO NOTHING",
    );
    let make = make.bind(&digest.0[..]).bind(&*id.0).bind(name.as_str()).bind(tail).bind(by.at_ms);
    let make = make.bind(wish.scope.to_text()).bind(wish.expires_ms);
    if change.execute(make).await? == 0 {
        return Err(StoreError::KeyIdTaken { id });
    }
    let scope = (!wish.scope.is_everything()).then(|| wish.scope.to_string());
    let end = wish.expires_ms.map(|end| format!("until {}", exchange::minute_of(end)));
    let detail: Vec<String> = [Some(id.0), scope, end].into_iter().flatten().collect();
    note(change, by, "key-made", name, &detail.join("; ")).await?;
    Ok(key)
}

/// The key of this id.
async fn known(change: &mut Connection, id: &KeyId) -> Result<KeyInfo, StoreError> {
    let mut known = Sql::new(COLUMNS);
    known.push(" WHERE id = ").push_bind(&*id.0);
    let row = change.first(known).await?;
    key_info(&row.ok_or_else(|| StoreError::UnknownKey { id: id.clone() })?)
}

/// Revokes a key from this moment on.
async fn revoke(change: &mut Connection, key: &mut KeyInfo, from_ms: u64) -> Result<(), StoreError> {
    key.revoked_ms = Some(from_ms);
    let set = Sql::new("UPDATE keys SET revoked_ms = ? WHERE id = ?");
    change.execute(set.bind(from_ms).bind(&*key.id.0)).await.map(drop)
}

/// All keys, by consumer, then oldest first.
pub(crate) async fn all(look: &mut Connection) -> Result<Vec<KeyInfo>, StoreError> {
    let mut all = Sql::new(COLUMNS);
    all.push(" ORDER BY consumer, created_ms, id");
    look.all(all).await?.iter().map(key_info).collect()
}

/// The keys that are not revoked at `now_ms`, all or of these names. The consumers are in order of their names.
pub(crate) async fn that_open(
    look: &mut Connection,
    consumers: &[ConsumerRow],
    of: Option<&[ConsumerName]>,
    now_ms: u64,
) -> Result<Vec<KeyRow>, StoreError> {
    let mut keys = Vec::new();
    let mut open = Sql::new(
        "SELECT digest, consumer, tail, scope, expires_ms FROM keys WHERE (revoked_ms IS NULL OR revoked_ms > ?)",
    )
    .bind(now_ms)
    .once(of.is_some());
    if let Some(names) = of {
        push_of(&mut open, " AND consumer", names);
    }
    look.each(open, |row| {
        let consumer = row.text(1)?;
        let known = consumers.binary_search_by(|known| known.name.as_str().cmp(consumer));
        keys.push(KeyRow {
            digest: digest(row.some_bytes(0)?)?,
            consumer: known.map_or_else(|_| ConsumerName::new(consumer), |at| consumers[at].name.clone()),
            tail: row.some_text(2)?.map(str::to_owned),
            scope: scope(row.text(3)?)?,
            expires_ms: row.some_count(4)?,
        });
        Ok(())
    })
    .await?;
    Ok(keys)
}

fn digest(bytes: Option<&[u8]>) -> Result<KeyDigest, StoreError> {
    let digest = bytes.unwrap_or_default().try_into();
    digest.map(KeyDigest).map_err(|_| unread(sqlx::Error::Decode("a digest has 32 bytes".into())))
}

/// What cannot be read is not taken for a key that opens everything.
fn scope(text: &str) -> Result<KeyScope, StoreError> {
    KeyScope::of_text(text).ok_or_else(|| {
        unread(sqlx::Error::Decode("the scope of a key that a newer switchboard has written".into()))
    })
}

fn key_info(row: &Row) -> Result<KeyInfo, StoreError> {
    Ok(KeyInfo {
        scope: scope(row.text(6)?)?,
        expires_ms: row.some_count(7)?,
        used_ms: None,
        digest: digest(row.some_bytes(0)?)?,
        id: KeyId(row.text(1)?.into()),
        consumer: ConsumerName::new(row.text(2)?),
        tail: row.text(3)?.into(),
        created_ms: row.count(4)?,
        revoked_ms: row.some_count(5)?,
    })
}
