//! Parts that are brought to a newer version, and those that cannot be.

use super::{ACCOUNTS, QUOTAS, Schema, Step, USAGE};
use crate::StoreError;
use crate::folder::{Durability, Folder};
use crate::sql::Sql;

const MADE: Step = Step::Both("CREATE TABLE a (x TEXT); CREATE TABLE b (y TEXT);");
const ONE: Schema = Schema { name: "t", steps: &[MADE] };
const TWO: Schema = Schema {
    name: "t",
    steps: &[MADE, Step::Both("ALTER TABLE a ADD COLUMN z INTEGER NOT NULL DEFAULT 7; DROP TABLE b;")],
};

#[tokio::test]
async fn an_older_file_is_brought_up_with_its_rows_and_a_newer_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Folder::make(folder.path()).unwrap();
    let mut file = folder.open_file("t.db", ONE, Durability::Full).await.unwrap();
    file.execute(Sql::new("INSERT INTO a (x) VALUES ('kept')")).await.unwrap();
    drop(file);

    let mut file = folder.open_file("t.db", TWO, Durability::Full).await.unwrap();
    let row = file.first(Sql::new("SELECT x, z FROM a")).await.unwrap().unwrap();
    assert_eq!((row.text(0).unwrap(), row.number(1).unwrap()), ("kept", 7));
    drop(file);

    let error = folder.open_file("t.db", ONE, Durability::Full).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 2, known: 1, .. }), "{error}");
}

#[tokio::test]
async fn a_step_that_fails_leaves_the_file_as_it_was() {
    const BROKEN: Schema =
        Schema { name: "t", steps: &[MADE, Step::Both("DROP TABLE a; DROP TABLE nonsense;")] };
    let folder = tempfile::tempdir().unwrap();
    let folder = Folder::make(folder.path()).unwrap();
    drop(folder.open_file("t.db", ONE, Durability::Full).await.unwrap());
    folder.open_file("t.db", BROKEN, Durability::Full).await.unwrap_err();
    let mut file = folder.open_file("t.db", ONE, Durability::Full).await.unwrap();
    file.execute(Sql::new("INSERT INTO a (x) VALUES ('still there')")).await.unwrap();
}

#[test]
fn no_word_of_sqlite_alone_is_left_for_postgresql() {
    for step in ACCOUNTS.steps.iter().chain(USAGE.steps).chain(QUOTAS.steps) {
        let words = step.postgres();
        for word in ["INTEGER", "BLOB", "STRICT", "ROWID", "AUTOINCREMENT"] {
            assert!(!words.as_str().contains(word), "{word}: {}", words.as_str());
        }
    }
}
