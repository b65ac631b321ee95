//! Injects faults between the functions and the AWS services.
//!
//! A [`FaultyConnection`] wraps the HTTP connector of the SDK. So the SDK's own retries, timeouts
//! and tokens are tested too, with the limits of the product, and no part of it is mocked.
//!
//! - A seed decides which request fails and how: for each connection by itself, in the order of its
//!   requests.
//! - Time may be paused, so that minutes of waiting take no time. It stands still while a request is
//!   executed: a [`Clock`] holds it.
//! - A request that is executed is executed to its end, even if nobody waits for it. So a worker
//!   that a test stops leaves the same behind as a process that dies.
//! - The embedded DynamoDB honours `ClientRequestToken`: a transaction that is sent again with its
//!   token is not written twice. The faults keep to that: they never cancel a transaction that was
//!   written when it is sent again.

mod answers;
mod clock;
mod connector;

pub use clock::Clock;

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use local::Wire;
use shared::aws::Aws;
use tokio::sync::watch;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The service answers an internal error. The request is not executed.
    InternalError,
    /// There is no connection. The request is not executed.
    Unsent,
    /// The request is executed, but its answer is lost.
    AnswerLost,
    /// The service refuses the request because of a rate limit.
    Throttled,
    /// A transaction is cancelled because one of its parts collides with another transaction.
    Conflict,
    /// A transaction is cancelled because a condition fails, as if somebody had just changed the
    /// row.
    ConditionFailed,
    /// Some reads of a batch are executed. The service returns the others as unprocessed.
    Unprocessed,
    /// The request or its answer is delayed.
    Delayed,
    /// The connection goes silent. The request is not executed, and no answer ever comes.
    Hung,
    /// The request is executed, but then the connection goes silent.
    AnswerHung,
    /// The function has no permission.
    Denied,
}

impl Fault {
    /// The faults that pass by themselves.
    pub const ALL: [Self; 10] = [
        Self::InternalError,
        Self::Unsent,
        Self::AnswerLost,
        Self::Throttled,
        Self::Conflict,
        Self::ConditionFailed,
        Self::Unprocessed,
        Self::Delayed,
        Self::Hung,
        Self::AnswerHung,
    ];

    /// Whether a request of this operation can fail so.
    fn applies_to(self, operation: &str) -> bool {
        match self {
            Self::Conflict | Self::ConditionFailed => operation == "TransactWriteItems",
            Self::Unprocessed => operation == "BatchGetItem",
            Self::InternalError
            | Self::Unsent
            | Self::AnswerLost
            | Self::Throttled
            | Self::Delayed
            | Self::Hung
            | Self::AnswerHung
            | Self::Denied => true,
        }
    }
}

/// How many of a thousand requests get each fault, of those that can get it.
#[derive(Debug, Clone, Default)]
pub struct FaultRates(BTreeMap<Fault, u16>);

impl FaultRates {
    /// No random faults.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The same rate for every fault.
    #[must_use]
    pub fn each(per_mille: u16) -> Self {
        Self(Fault::ALL.into_iter().map(|fault| (fault, per_mille)).collect())
    }

    /// Connections that go silent less often: each costs seconds where time is not paused.
    #[must_use]
    pub fn with_rare_silence(self) -> Self {
        self.with(Fault::Hung, 2).with(Fault::AnswerHung, 2)
    }

    /// Another rate for one fault.
    #[must_use]
    pub fn with(mut self, fault: Fault, per_mille: u16) -> Self {
        self.0.insert(fault, per_mille);
        self
    }
}

/// Every request of some operations fails in the same way, until it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    pub fault: Fault,
    /// The operations. `None`: all of them.
    pub operations: Option<&'static [&'static str]>,
}

impl Outage {
    fn concerns(self, operation: &str) -> bool {
        self.operations.is_none_or(|operations| operations.contains(&operation))
    }
}

/// Injects the faults of one test: random ones by their rates, and planned ones.
#[derive(Debug)]
pub struct FaultInjector {
    seed: u64,
    rates: FaultRates,
    connections: AtomicU64,
    paused: AtomicBool,
    planned: Mutex<VecDeque<(&'static str, Fault)>>,
    outage: Mutex<Option<Outage>>,
    injected: Mutex<BTreeMap<Fault, u64>>,
    /// The part of a transaction that fails. If it is `None`: a random one.
    failing_part: Mutex<Option<usize>>,
    /// The number of parts of the last cancelled transaction.
    cancelled_parts: Mutex<usize>,
    /// The tokens of the transactions that were written.
    written: Mutex<HashSet<String>>,
    executing: watch::Sender<usize>,
}

impl FaultInjector {
    /// An injector whose random faults come from a seed.
    #[must_use]
    pub fn seeded(seed: u64, rates: FaultRates) -> Arc<Self> {
        Arc::new(Self {
            seed,
            rates,
            connections: AtomicU64::new(0),
            paused: AtomicBool::new(false),
            planned: Mutex::default(),
            outage: Mutex::default(),
            injected: Mutex::default(),
            failing_part: Mutex::default(),
            cancelled_parts: Mutex::default(),
            written: Mutex::default(),
            executing: watch::Sender::new(0),
        })
    }

    /// Plans faults for the next requests of an operation: one each, in this order. They come
    /// before random faults, and also while the injector is paused.
    pub fn plan(&self, operation: &'static str, faults: impl IntoIterator<Item = Fault>) {
        locked(&self.planned).extend(faults.into_iter().map(|fault| (operation, fault)));
    }

    /// Begins an outage, or ends it with `None`.
    pub fn set_outage(&self, outage: Option<Outage>) {
        *locked(&self.outage) = outage;
    }

    /// Chooses the part of a cancelled transaction that fails, if it has so many parts.
    pub fn fail_part(&self, part: usize) {
        *locked(&self.failing_part) = Some(part);
    }

    /// The number of parts of the last cancelled transaction.
    pub fn parts(&self) -> usize {
        *locked(&self.cancelled_parts)
    }

    /// A connection to the services with its own sequence of random faults.
    pub fn connection(self: &Arc<Self>) -> Arc<FaultyConnection> {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let seed = self.seed.wrapping_mul(1_000_003).wrapping_add(number);
        Arc::new(FaultyConnection {
            faults: Arc::clone(self),
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            executed: watch::Sender::new(0),
        })
    }

    /// For [`local::Options`]: all functions of a stack share one connection.
    pub fn wire(self: &Arc<Self>) -> Wire {
        let connection = self.connection();
        Wire(Arc::new(move |aws| connection.wrap(aws)))
    }

    /// Stops random faults. Planned faults still happen.
    pub fn pause(&self) {
        self.paused.store(true, Ordering::Relaxed);
    }

    /// Starts random faults again.
    pub fn resume(&self) {
        self.paused.store(false, Ordering::Relaxed);
    }

    /// Waits until no request is being executed, not even one whose sender was stopped.
    pub async fn wait_until_idle(&self) {
        // The sender lives as long as `self`.
        let _ = self.executing.subscribe().wait_for(|executing| *executing == 0).await;
    }

    /// The number of injected faults by kind.
    pub fn injected(&self) -> BTreeMap<Fault, u64> {
        locked(&self.injected).clone()
    }

    fn planned(&self, operation: &str) -> Option<Fault> {
        let mut planned = locked(&self.planned);
        let position = planned.iter().position(|(of, _)| *of == operation)?;
        planned.remove(position).map(|(_, fault)| fault)
    }

    fn count(&self, fault: Fault) {
        *locked(&self.injected).entry(fault).or_default() += 1;
    }
}

/// The connection of one worker to the services.
#[derive(Debug)]
pub struct FaultyConnection {
    faults: Arc<FaultInjector>,
    random: Mutex<fastrand::Rng>,
    executed: watch::Sender<u64>,
}

impl FaultyConnection {
    /// Clients whose requests go over this connection, with the limits of a function.
    pub fn wrap(self: &Arc<Self>, aws: Aws) -> Aws {
        let aws = aws.map(|_, config| {
            let Some(inner) = config.http_client() else { return config };
            let client = connector::Client { inner, connection: Arc::clone(self) };
            config.into_builder().http_client(client).build()
        });
        aws.limited()
    }

    /// The number of requests that were sent to a service.
    pub fn requests(&self) -> u64 {
        *self.executed.borrow()
    }

    /// Waits until so many requests were sent to a service. The last of them is being executed
    /// then.
    pub async fn sent(&self, requests: u64) {
        // The sender lives as long as `self`.
        let _ = self.executed.subscribe().wait_for(|executed| *executed >= requests).await;
    }

    /// Decides whether a request gets a fault, and which.
    fn draw(&self, operation: &str) -> Option<Fault> {
        if let Some(fault) = self.faults.planned(operation) {
            return Some(fault);
        }
        if let Some(outage) = locked(&self.faults.outage).filter(|outage| outage.concerns(operation)) {
            return Some(outage.fault);
        }
        // Without secrets, no function starts.
        if self.faults.paused.load(Ordering::Relaxed) || operation == "GetSecretValue" {
            return None;
        }
        let mut drawn = locked(&self.random).u16(..1000);
        let possible = self.faults.rates.0.iter().filter(|(fault, _)| fault.applies_to(operation));
        for (fault, per_mille) in possible {
            match drawn.checked_sub(*per_mille) {
                None => return Some(*fault),
                Some(rest) => drawn = rest,
            }
        }
        None
    }

    fn random<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut locked(&self.random))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
