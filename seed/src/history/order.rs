//! Keeps things in order that depend on each other, and only those.

use std::collections::{BTreeMap, BTreeSet};

use futures::{
    FutureExt,
    channel::oneshot::{self, Receiver, Sender},
    future::{Shared, join_all},
};

/// Gives out turns. Whatever touches the same key takes turns in the order of asking.
#[derive(Debug)]
pub struct Order<Key> {
    /// The end of the last turn, by key.
    last: BTreeMap<Key, Shared<Receiver<()>>>,
}

impl<Key> Default for Order<Key> {
    fn default() -> Self {
        Self { last: BTreeMap::new() }
    }
}

impl<Key: Ord + Copy> Order<Key> {
    pub fn turn(&mut self, keys: &BTreeSet<Key>) -> Turn {
        let (ended, end) = oneshot::channel();
        let end = end.shared();
        let before = keys.iter().filter_map(|key| self.last.insert(*key, end.clone())).collect();
        Turn { before, ended }
    }
}

#[derive(Debug)]
pub struct Turn {
    before: Vec<Shared<Receiver<()>>>,
    ended: Sender<()>,
}

impl Turn {
    /// Waits until every turn before this one has ended or was dropped.
    pub async fn comes(&mut self) {
        join_all(std::mem::take(&mut self.before)).await;
    }

    /// Lets the next turns begin.
    pub fn ends(self) {
        // It is no error that nobody waits.
        let _ = self.ended.send(());
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn tasks_that_share_a_key_take_turns_and_others_do_not_wait() {
        let mut order = Order::default();
        let tasks = [("a1", vec!["a"], 9), ("b1", vec!["b"], 1), ("ab", vec!["a", "b"], 1), ("c1", vec!["c"], 3)];
        let done = tasks.map(|(name, keys, lasts)| {
            let mut turn = order.turn(&keys.into_iter().collect());
            async move {
                turn.comes().await;
                for _ in 0..lasts {
                    yield_now().await;
                }
                turn.ends();
                name
            }
        });
        let done: Vec<_> = stream::iter(done).buffer_unordered(4).collect().await;
        assert_eq!(done, ["b1", "c1", "a1", "ab"]);
    }
}
