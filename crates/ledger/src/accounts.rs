//! Consumers: made, listed, given plans, suspended, each change with its line in the audit.
//!
//! Nothing is deleted: who called last year must still have a name.

use crate::audit::note;
use crate::connection::Connection;
use crate::sql::{Row, Sql};
use crate::{Author, Ledger, StoreError};
use exchange::{ConsumerName, PlanName};

/// A consumer, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerInfo {
    /// Its name.
    pub name: ConsumerName,
    /// Plans it holds, in the order they were given.
    pub plans: Vec<PlanName>,
    /// Whether it may call at the moment.
    pub suspended: bool,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// How many keys it has that are not revoked.
    pub keys: u32,
    /// What people write of it.
    pub about: About,
}

/// What people write of a consumer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Whom to ask about it.
    pub owner: String,
    /// Anything else.
    pub notes: String,
}

impl About {
    fn words(&self) -> String {
        let part = |key: &str, text: &str| (!text.is_empty()).then(|| format!("{key}: {text}"));
        [part("owner", &self.owner), part("notes", &self.notes)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; ")
    }
}

impl Ledger {
    /// Makes a consumer that holds these plans.
    ///
    /// # Errors
    /// [`StoreError::BadName`], [`StoreError::NameTaken`], or the file's.
    pub async fn add_consumer(
        &self,
        name: &str,
        plans: &[PlanName],
        by: Author<'_>,
    ) -> Result<ConsumerName, StoreError> {
        self.add_described(name, plans, &About::default(), by).await
    }

    /// As [`Self::add_consumer`], with what people write of it.
    ///
    /// # Errors
    /// The same.
    pub async fn add_described(
        &self,
        name: &str,
        plans: &[PlanName],
        about: &About,
        by: Author<'_>,
    ) -> Result<ConsumerName, StoreError> {
        let name = checked_name(name)?;
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        let make = Sql::new(
            "INSERT INTO consumers (name, suspended, created_ms, owner, notes) VALUES (?, 0, ?, ?, ?) \
             ON CONFLICT (name) DO NOTHING",
        );
        let make = make.bind(name.as_str()).bind(by.at_ms).bind(&*about.owner).bind(&*about.notes);
        if change.execute(make).await? == 0 {
            return Err(StoreError::NameTaken { name });
        }
        hold(&mut change, &name, plans).await?;
        let detail = [words(plans), about.words()].into_iter().filter(|part| !part.is_empty());
        let detail = detail.collect::<Vec<_>>().join("; ");
        note(&mut change, by, "consumer-added", &name, &detail).await?;
        change.commit().await?;
        Ok(name)
    }

    /// Lets a consumer hold these plans and no others.
    ///
    /// # Errors
    /// [`StoreError::UnknownConsumer`], or the file's.
    pub async fn set_plans(
        &self,
        name: &ConsumerName,
        plans: &[PlanName],
        by: Author<'_>,
    ) -> Result<(), StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        must_exist(&mut change, name).await?;
        change.execute(Sql::new("DELETE FROM plans_held WHERE consumer = ?").bind(name.as_str())).await?;
        hold(&mut change, name, plans).await?;
        note(&mut change, by, "plans-set", name, &words(plans)).await?;
        change.commit().await
    }

    /// Writes down what people write of a consumer, in place of what was there.
    ///
    /// # Errors
    /// [`StoreError::UnknownConsumer`], or the file's.
    pub async fn describe(
        &self,
        name: &ConsumerName,
        about: &About,
        by: Author<'_>,
    ) -> Result<(), StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        must_exist(&mut change, name).await?;
        let set = Sql::new("UPDATE consumers SET owner = ?, notes = ? WHERE name = ?");
        change.execute(set.bind(&*about.owner).bind(&*about.notes).bind(name.as_str())).await?;
        note(&mut change, by, "described", name, &about.words()).await?;
        change.commit().await
    }

    /// Suspends a consumer (`true`: none of its keys works) or lets it call again. Gives whether that changed anything.
    ///
    /// # Errors
    /// [`StoreError::UnknownConsumer`], or the file's.
    pub async fn suspend(
        &self,
        name: &ConsumerName,
        suspended: bool,
        by: Author<'_>,
    ) -> Result<bool, StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        must_exist(&mut change, name).await?;
        let set = Sql::new("UPDATE consumers SET suspended = ? WHERE name = ? AND suspended <> ?");
        let set = set.bind(suspended).bind(name.as_str()).bind(suspended);
        let changed = change.execute(set).await? > 0;
        if changed {
            note(&mut change, by, if suspended { "suspended" } else { "resumed" }, name, "").await?;
        }
        change.commit().await?;
        Ok(changed)
    }

    /// Notes that a call is made as this consumer by somebody else; `call` says which.
    ///
    /// # Errors
    /// The file's.
    pub async fn acted_as(&self, name: &ConsumerName, call: &str, by: Author<'_>) -> Result<(), StoreError> {
        let mut file = self.accounts_to_change().await?;
        let mut change = file.change().await?;
        note(&mut change, by, "acted-as", name, call).await?;
        change.commit().await
    }

    /// All consumers by name.
    pub async fn list_consumers(&self) -> Result<Vec<ConsumerInfo>, StoreError> {
        let mut file = self.accounts().await?;
        let mut look = file.look().await?;
        consumers(&mut look).await
    }

    /// One consumer; `None`: there is none of this name.
    pub async fn consumer(&self, name: &ConsumerName) -> Result<Option<ConsumerInfo>, StoreError> {
        Ok(self.list_consumers().await?.into_iter().find(|known| known.name == *name))
    }
}

/// A name that fits in a path, a shell and a TOML key without quoting.
fn checked_name(name: &str) -> Result<ConsumerName, StoreError> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > 64 {
        "it is longer than 64 characters"
    } else if !name.bytes().all(|letter| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')) {
        "it has characters other than `a-z 0-9 . _ -`"
    } else if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        "it does not begin with a letter or digit"
    } else {
        return Ok(ConsumerName::new(name));
    };
    Err(StoreError::BadName { name: name.chars().take(80).collect(), why })
}

pub(crate) async fn must_exist(change: &mut Connection, name: &ConsumerName) -> Result<(), StoreError> {
    change
        .first(Sql::new("SELECT name FROM consumers WHERE name = ?").bind(name.as_str()))
        .await?
        .map(|_| ())
        .ok_or_else(|| StoreError::UnknownConsumer { name: name.clone() })
}

pub(crate) async fn hold(
    change: &mut Connection,
    name: &ConsumerName,
    plans: &[PlanName],
) -> Result<(), StoreError> {
    for (position, plan) in (0_i64..).zip(plans) {
        let hold = Sql::new("INSERT INTO plans_held (consumer, position, plan) VALUES (?, ?, ?)");
        change.execute(hold.bind(name.as_str()).bind(position).bind(plan.as_str())).await?;
    }
    Ok(())
}

fn words(plans: &[PlanName]) -> String {
    plans.iter().map(PlanName::as_str).collect::<Vec<_>>().join(", ")
}

async fn consumers(look: &mut Connection) -> Result<Vec<ConsumerInfo>, StoreError> {
    let all = Sql::new(
        "SELECT name, suspended, created_ms, owner, notes,
                (SELECT count(*) FROM keys WHERE consumer = name AND (revoked_ms IS NULL OR revoked_ms > ?))
         FROM consumers ORDER BY name",
    );
    let rows = look.all(all.bind(crate::lease::now_ms())).await?;
    let info = |row: &Row| {
        Ok(ConsumerInfo {
            name: ConsumerName::new(row.text(0)?),
            plans: Vec::new(),
            suspended: row.number(1)? != 0,
            created_ms: row.count(2)?,
            about: About { owner: row.text(3)?.to_owned(), notes: row.text(4)?.to_owned() },
            keys: row.small(5)?,
        })
    };
    let mut found: Vec<ConsumerInfo> = rows.iter().map(info).collect::<Result<_, StoreError>>()?;
    let held = Sql::new("SELECT consumer, plan FROM plans_held ORDER BY consumer, position");
    for row in &look.all(held).await? {
        let (consumer, plan) = (row.text(0)?, row.text(1)?);
        if let Ok(at) = found.binary_search_by(|info| info.name.as_str().cmp(consumer)) {
            found[at].plans.push(PlanName::new(plan));
        }
    }
    Ok(found)
}
