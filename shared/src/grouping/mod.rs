//! Which incident an alert belongs to. Pure: data in, decision out.

mod burst;
mod decision;
pub mod evidence;
pub mod group;
pub mod median;
pub mod opening_lock;

pub use decision::{Decision, Groups, NewAlert, Place, decide};
pub use group::{KeyedIncident, ServiceGroup, SourceGroup};
pub use opening_lock::{OpeningLock, Outage};
