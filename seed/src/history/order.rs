//! Keeps in order what depends on each other, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use futures::{
    FutureExt,
    channel::oneshot::{self, Receiver, Sender},
    future::{Shared, join_all},
};

/// The order of things that are begun one after the other: what touches the same key takes turns.
#[derive(Debug)]
pub(super) struct Order<Key> {
    /// The end of the last turn, by key.
    last: BTreeMap<Key, Shared<Receiver<()>>>,
}

impl<Key> Default for Order<Key> {
    fn default() -> Self {
        Self { last: BTreeMap::new() }
    }
}

impl<Key: Ord + Copy> Order<Key> {
    /// The turn of the next thing, which touches these keys.
    pub(super) fn turn(&mut self, keys: &BTreeSet<Key>) -> Turn {
        let (over, end) = oneshot::channel();
        let end = end.shared();
        let before = keys.iter().filter_map(|key| self.last.insert(*key, end.clone())).collect();
        Turn { before, over }
    }
}

/// When it may happen.
#[derive(Debug)]
pub(super) struct Turn {
    before: Vec<Shared<Receiver<()>>>,
    over: Sender<()>,
}

impl Turn {
    /// Waits until everything before it is over, or was given up.
    pub(super) async fn comes(&mut self) {
        join_all(std::mem::take(&mut self.before)).await;
    }

    /// The next ones may go on.
    pub(super) fn ends(self) {
        // Perhaps nobody waits.
        let _ = self.over.send(());
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn what_shares_a_key_takes_turns_and_nothing_else_waits() {
        let mut order = Order::default();
        let things = [("a1", vec!["a"], 9), ("b1", vec!["b"], 1), ("ab", vec!["a", "b"], 1), ("c1", vec!["c"], 3)];
        let happened = things.map(|(name, keys, lasts)| {
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
        let happened: Vec<_> = stream::iter(happened).buffer_unordered(4).collect().await;
        assert_eq!(happened, ["b1", "c1", "a1", "ab"]);
    }
}
