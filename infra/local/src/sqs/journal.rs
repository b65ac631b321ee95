//! The messages of the queues on disk: a file of `SQLite` in the data directory.
//!
//! A message is in the file before its sender gets an answer. So a process that is killed loses no
//! message that it accepted. What happens to messages later is written too, but nobody waits for it:
//! if such a write is lost, a message comes once more, as SQS may deliver it once more.

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use rusqlite::{Connection, Transaction, named_params};
use tokio::sync::oneshot;

/// How many changes are committed together at the most. A commit waits for the disk, so one for all
/// that wait is faster than one for each.
const MAX_CHANGES: usize = 1000;

/// How long a change for which nobody waits may wait for others to come with it.
const MAX_PAUSE: Duration = Duration::from_millis(50);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS messages (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        queue TEXT NOT NULL,
        body TEXT NOT NULL,
        body_md5 TEXT NOT NULL,
        attributes TEXT NOT NULL,
        sent_at INTEGER NOT NULL,
        first_received_at INTEGER,
        receives INTEGER NOT NULL,
        visible_at INTEGER NOT NULL
    ) STRICT";

/// The file of the queues cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {}: {source}", path.display())]
pub struct JournalError {
    path: PathBuf,
    source: rusqlite::Error,
}

/// A message as the file holds it. Times are in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptMessage {
    pub id: String,
    /// The name of its queue.
    pub queue: String,
    pub body: String,
    pub body_md5: String,
    /// Its message attributes, as JSON.
    pub attributes: String,
    pub sent_at: i64,
    pub first_received_at: Option<i64>,
    /// How often it was received from its queue.
    pub receives: u32,
    /// From when on it can be received.
    pub visible_at: i64,
}

/// What happens to messages.
#[derive(Debug)]
pub enum Change {
    Sent(KeptMessage),
    Received {
        id: String,
        first_received_at: Option<i64>,
        receives: u32,
        visible_at: i64,
    },
    /// It went to another queue, its dead-letter queue. There it is a message that nobody has
    /// received.
    Moved {
        id: String,
        queue: String,
        visible_at: i64,
    },
    Deleted {
        id: String,
    },
    Purged {
        queue: String,
    },
}

/// A change on its way to the file, or only the wish to know that all changes before are written.
struct Entry {
    change: Option<Change>,
    written: Option<oneshot::Sender<()>>,
}

/// The file, written by a thread of its own.
#[derive(Debug, Clone)]
pub struct Journal {
    entries: mpsc::Sender<Entry>,
}

/// A change is not on disk: the file cannot be written. The reason is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message could not be written to disk")]
pub struct NotWritten;

impl Journal {
    /// Opens the file, or creates it. Returns the messages in it too, in the order in which they were
    /// sent.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn open(path: &Path) -> Result<(Self, Vec<KeptMessage>), JournalError> {
        let failed = |source| JournalError { path: path.to_owned(), source };
        let connection = Connection::open(path).map_err(failed)?;
        let messages = prepare(&connection).map_err(failed)?;
        let (entries, received) = mpsc::channel();
        // The thread ends after the last `Journal` is dropped and all changes are written.
        thread::spawn(move || write(connection, &received));
        Ok((Self { entries }, messages))
    }

    /// Notes a change. It is written after those that were noted before.
    pub fn note(&self, change: Change) {
        // The thread lives as long as a journal does.
        let _ = self.entries.send(Entry { change: Some(change), written: None });
    }

    /// Notes a change. The future waits until it is on disk.
    pub fn commit(&self, change: Change) -> impl Future<Output = Result<(), NotWritten>> + Send + use<> {
        self.send(Some(change))
    }

    /// Waits until all changes that were noted before are on disk.
    ///
    /// # Errors
    /// [`NotWritten`]
    pub async fn flush(&self) -> Result<(), NotWritten> {
        self.send(None).await
    }

    fn send(&self, change: Option<Change>) -> impl Future<Output = Result<(), NotWritten>> + Send + use<> {
        let (written, is_written) = oneshot::channel();
        let _ = self.entries.send(Entry { change, written: Some(written) });
        async { is_written.await.map_err(|_| NotWritten) }
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<Vec<KeptMessage>> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // With a write-ahead log, only FULL waits for the disk at each commit.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute(SCHEMA, [])?;
    let mut select = connection.prepare("SELECT * FROM messages ORDER BY number")?;
    let messages = select.query_map([], |row| {
        Ok(KeptMessage {
            id: row.get("id")?,
            queue: row.get("queue")?,
            body: row.get("body")?,
            body_md5: row.get("body_md5")?,
            attributes: row.get("attributes")?,
            sent_at: row.get("sent_at")?,
            first_received_at: row.get("first_received_at")?,
            receives: row.get("receives")?,
            visible_at: row.get("visible_at")?,
        })
    })?;
    messages.collect()
}

/// Writes changes until nobody can note any more. Those that come together are written together.
fn write(mut connection: Connection, entries: &mpsc::Receiver<Entry>) {
    while let Ok(first) = entries.recv() {
        let mut together = vec![first];
        while together.len() < MAX_CHANGES && together.iter().all(|entry| entry.written.is_none()) {
            let Ok(next) = entries.recv_timeout(MAX_PAUSE) else { break };
            together.push(next);
        }
        together.extend(entries.try_iter().take(MAX_CHANGES.saturating_sub(together.len())));
        match commit(&mut connection, &together) {
            Ok(()) => together.into_iter().filter_map(|entry| entry.written).for_each(|written| {
                // Nobody waits if the sender went away.
                let _ = written.send(());
            }),
            // Whoever waits sees that its channel is closed.
            Err(error) => tracing::error!(%error, changes = together.len(), "could not write messages to disk"),
        }
    }
}

fn commit(connection: &mut Connection, entries: &[Entry]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for change in entries.iter().filter_map(|entry| entry.change.as_ref()) {
        apply(&transaction, change)?;
    }
    transaction.commit()
}

fn apply(transaction: &Transaction<'_>, change: &Change) -> rusqlite::Result<usize> {
    match change {
        Change::Sent(message) => transaction
            .prepare_cached(
                "INSERT INTO messages
                 (id, queue, body, body_md5, attributes, sent_at, first_received_at, receives, visible_at)
                 VALUES
                 (:id, :queue, :body, :body_md5, :attributes, :sent_at, :first_received_at, :receives, :visible_at)",
            )?
            .execute(named_params! {
                ":id": message.id,
                ":queue": message.queue,
                ":body": message.body,
                ":body_md5": message.body_md5,
                ":attributes": message.attributes,
                ":sent_at": message.sent_at,
                ":first_received_at": message.first_received_at,
                ":receives": message.receives,
                ":visible_at": message.visible_at,
            }),
        Change::Received { id, first_received_at, receives, visible_at } => transaction
            .prepare_cached(
                "UPDATE messages
                 SET first_received_at = :first_received_at, receives = :receives, visible_at = :visible_at
                 WHERE id = :id",
            )?
            .execute(named_params! {
                ":id": id,
                ":first_received_at": first_received_at,
                ":receives": receives,
                ":visible_at": visible_at,
            }),
        Change::Moved { id, queue, visible_at } => transaction
            .prepare_cached(
                "UPDATE messages
                 SET queue = :queue, first_received_at = NULL, receives = 0, visible_at = :visible_at
                 WHERE id = :id",
            )?
            .execute(named_params! { ":id": id, ":queue": queue, ":visible_at": visible_at }),
        Change::Deleted { id } => transaction.prepare_cached("DELETE FROM messages WHERE id = :id")?.execute([id]),
        Change::Purged { queue } => {
            transaction.prepare_cached("DELETE FROM messages WHERE queue = :queue")?.execute([queue])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str) -> KeptMessage {
        KeptMessage {
            id: id.to_owned(),
            queue: "Queue".to_owned(),
            body: format!("the body of {id}"),
            body_md5: "md5".to_owned(),
            attributes: "{}".to_owned(),
            sent_at: 1,
            first_received_at: None,
            receives: 0,
            visible_at: 2,
        }
    }

    #[tokio::test]
    async fn the_file_holds_what_became_of_each_message_in_the_order_of_sending() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("queues.sqlite");
        let (journal, before) = Journal::open(&path).unwrap();
        assert_eq!(before, []);
        for id in ["received", "moved", "deleted", "untouched"] {
            journal.commit(Change::Sent(message(id))).await.unwrap();
        }
        journal.note(Change::Received {
            id: "received".to_owned(),
            first_received_at: Some(3),
            receives: 2,
            visible_at: 9,
        });
        journal.note(Change::Moved { id: "moved".to_owned(), queue: "Dead".to_owned(), visible_at: 5 });
        journal.note(Change::Deleted { id: "deleted".to_owned() });
        journal.flush().await.unwrap();

        let (_, messages) = Journal::open(&path).unwrap();
        let received = KeptMessage { first_received_at: Some(3), receives: 2, visible_at: 9, ..message("received") };
        let moved = KeptMessage { queue: "Dead".to_owned(), visible_at: 5, ..message("moved") };
        assert_eq!(messages, [received, moved, message("untouched")]);
    }

    #[tokio::test]
    async fn a_message_that_cannot_be_written_is_an_error_and_the_next_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(&directory.path().join("queues.sqlite")).unwrap();
        journal.commit(Change::Sent(message("one"))).await.unwrap();
        // The id is taken.
        assert_eq!(journal.commit(Change::Sent(message("one"))).await, Err(NotWritten));
        journal.commit(Change::Sent(message("two"))).await.unwrap();
    }
}
