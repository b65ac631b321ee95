//! Holds the paused time of a test while something real happens.

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::oneshot,
};

/// Paused time goes on by itself when no task can run: to the moment that somebody waits for. A task
/// that waits for a socket cannot run either, so its time limits would end at once. While this is
/// held, time stands still.
#[derive(Debug)]
pub struct Clock(Option<oneshot::Sender<()>>);

impl Clock {
    /// Holds the time of this runtime until this is dropped.
    pub fn hold() -> Self {
        // Only a runtime with one thread can pause its time.
        if Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread {
            return Self(None);
        }
        let (held, released) = oneshot::channel::<()>();
        // Tokio lets no paused time pass while a blocking task runs.
        tokio::task::spawn_blocking(move || {
            let _ = released.blocking_recv();
        });
        Self(Some(held))
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}
