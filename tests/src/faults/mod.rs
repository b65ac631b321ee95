//! Faults between the functions and the services: an HTTP connector around the one by which the SDK reaches the embedded
//! services. So the SDK's own retries, timeouts and tokens are part of what is tested, and nothing of ours is mocked.
//!
//! What befalls a request is drawn from a seed, for each [`Line`] by itself and in the order of its requests. A request
//! that is executed is executed to its end, whether or not somebody still waits: so a worker that is stopped leaves
//! behind what a process that dies leaves behind.
//!
//! The embedded DynamoDB honours `ClientRequestToken`: a transaction that is sent again with its token is not written
//! twice. What is faked keeps to that: a transaction that was written is never said to be cancelled when it is
//! sent again with its token.

mod answers;
mod connector;

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use local::Wire;
use shared::aws::{Aws, AwsService};
use tokio::sync::watch;

/// The SDK pauses up to a second before it tries again; here it need not.
const FIRST_BACKOFF: Duration = Duration::from_millis(4);
const MAX_BACKOFF: Duration = Duration::from_millis(40);

/// What befalls a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// An internal error, before anything is executed.
    InternalError,
    /// No connection, before anything is executed.
    Unsent,
    /// It is executed, and its answer is lost.
    AnswerLost,
    /// Refused for its rate, in the words of DynamoDB's several limits.
    Throttled,
    /// A transaction is cancelled: one of its parts collides with another transaction.
    Conflict,
    /// A transaction is cancelled: the condition of one of its parts fails, as if somebody had just written.
    ConditionFailed,
    /// A part of a batch is executed, the rest is handed back.
    Unprocessed,
    /// It takes a while, on its way there or back.
    Delayed,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::InternalError,
        Self::Unsent,
        Self::AnswerLost,
        Self::Throttled,
        Self::Conflict,
        Self::ConditionFailed,
        Self::Unprocessed,
        Self::Delayed,
    ];

    /// Whether it can befall such a request.
    fn befalls(self, operation: &str) -> bool {
        match self {
            Self::Conflict | Self::ConditionFailed => operation == "TransactWriteItems",
            Self::Unprocessed => operation == "BatchGetItem",
            Self::InternalError | Self::Unsent | Self::AnswerLost | Self::Throttled | Self::Delayed => true,
        }
    }
}

/// How often each fault befalls a request that it can befall, of a thousand.
#[derive(Debug, Clone, Default)]
pub struct Rates(BTreeMap<Fault, u16>);

impl Rates {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Each kind so often.
    #[must_use]
    pub fn each(per_mille: u16) -> Self {
        Self(Fault::ALL.into_iter().map(|fault| (fault, per_mille)).collect())
    }

    /// One kind so often instead.
    #[must_use]
    pub fn with(mut self, fault: Fault, per_mille: u16) -> Self {
        self.0.insert(fault, per_mille);
        self
    }
}

/// The faults of one test.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    rates: Rates,
    lines: AtomicU64,
    ceased: AtomicBool,
    planned: Mutex<VecDeque<(&'static str, Fault)>>,
    injected: Mutex<BTreeMap<Fault, u64>>,
    /// The part of a transaction that fails, if not any.
    aimed: Mutex<Option<usize>>,
    /// How many parts the transaction had that was cancelled last.
    cancelled_parts: Mutex<usize>,
    /// The tokens of transactions that were written.
    written: Mutex<HashSet<String>>,
    executing: watch::Sender<usize>,
}

impl Faults {
    /// Faults that are drawn from a seed.
    #[must_use]
    pub fn seeded(seed: u64, rates: Rates) -> Arc<Self> {
        Arc::new(Self {
            seed,
            rates,
            lines: AtomicU64::new(0),
            ceased: AtomicBool::new(false),
            planned: Mutex::default(),
            injected: Mutex::default(),
            aimed: Mutex::default(),
            cancelled_parts: Mutex::default(),
            written: Mutex::default(),
            executing: watch::Sender::new(0),
        })
    }

    /// The next requests of an operation that befall these faults, whatever is drawn; one each, in their order.
    pub fn plan(&self, operation: &'static str, faults: impl IntoIterator<Item = Fault>) {
        locked(&self.planned).extend(faults.into_iter().map(|fault| (operation, fault)));
    }

    /// Of a transaction that is cancelled, this part fails, if it has so many.
    pub fn aim(&self, part: usize) {
        *locked(&self.aimed) = Some(part);
    }

    /// How many parts the transaction had that was cancelled last.
    pub fn parts(&self) -> usize {
        *locked(&self.cancelled_parts)
    }

    /// A way to the services with a random sequence of its own.
    pub fn line(self: &Arc<Self>) -> Arc<Line> {
        let number = self.lines.fetch_add(1, Ordering::Relaxed);
        let seed = self.seed.wrapping_mul(1_000_003).wrapping_add(number);
        Arc::new(Line {
            faults: Arc::clone(self),
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            executed: watch::Sender::new(0),
        })
    }

    /// For [`local::Options`]: every function of the stack on one line.
    pub fn wire(self: &Arc<Self>) -> Wire {
        let line = self.line();
        Wire(Arc::new(move |aws| line.through(aws)))
    }

    /// No more faults, but for those that are planned.
    pub fn cease(&self) {
        self.ceased.store(true, Ordering::Relaxed);
    }

    /// Faults again.
    pub fn resume(&self) {
        self.ceased.store(false, Ordering::Relaxed);
    }

    /// Waits until nothing is executed any more, not even what nobody waits for.
    pub async fn idle(&self) {
        // The sender lives as long as `self`.
        let _ = self.executing.subscribe().wait_for(|executing| *executing == 0).await;
    }

    /// How many faults of each kind there were.
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

/// One worker's way to the services.
#[derive(Debug)]
pub struct Line {
    faults: Arc<Faults>,
    random: Mutex<fastrand::Rng>,
    executed: watch::Sender<u64>,
}

impl Line {
    /// The services, reached over this line. Secrets Manager is left in peace: without secrets nothing starts.
    pub fn through(self: &Arc<Self>, aws: Aws) -> Aws {
        aws.map(|service, config| {
            let inner = config.http_client().filter(|_| service != AwsService::SecretsManager);
            let Some(inner) = inner else { return config };
            let retries = RetryConfig::standard().with_initial_backoff(FIRST_BACKOFF).with_max_backoff(MAX_BACKOFF);
            let client = connector::Client { inner, line: Arc::clone(self) };
            config.into_builder().retry_config(retries).http_client(client).build()
        })
    }

    /// How many of its requests were sent on.
    pub fn requests(&self) -> u64 {
        *self.executed.borrow()
    }

    /// Waits until so many requests were sent on; the last of them is being executed then.
    pub async fn sent(&self, requests: u64) {
        // The sender lives as long as `self`.
        let _ = self.executed.subscribe().wait_for(|executed| *executed >= requests).await;
    }

    /// Draws what befalls a request.
    fn draw(&self, operation: &str) -> Option<Fault> {
        if let Some(fault) = self.faults.planned(operation) {
            return Some(fault);
        }
        if self.faults.ceased.load(Ordering::Relaxed) {
            return None;
        }
        let mut drawn = locked(&self.random).u16(..1000);
        let possible = self.faults.rates.0.iter().filter(|(fault, _)| fault.befalls(operation));
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
