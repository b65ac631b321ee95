//! The stack under test: the program of `cargo local`.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::program::Program;

/// The token of a viewer.
pub const VIEWER: &str = "local-viewer";

/// The token of a responder.
pub const RESPONDER: &str = "local-responder";

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate is in the repository").to_owned()
}

/// A stack on a free port. It ends with the last test that uses it.
#[derive(Debug)]
pub struct Stack {
    /// The address without a slash at the end.
    pub url: String,
    _program: Program,
}

type Running = Mutex<Weak<Stack>>;

static EMPTY: Running = Mutex::new(Weak::new());
static DEMO: Running = Mutex::new(Weak::new());

impl Stack {
    /// A stack that was empty when it started.
    pub fn empty() -> Arc<Self> {
        running(&EMPTY, &["--port", "0", "--empty"])
    }

    /// A stack that no other test uses.
    pub fn for_one_test() -> Arc<Self> {
        running(&Mutex::default(), &["--port", "0", "--empty"])
    }

    /// A stack with a month of demo data. Tests only read it.
    pub fn demo() -> Arc<Self> {
        running(&DEMO, &["--port", "0"])
    }
}

fn running(known: &Running, arguments: &[&str]) -> Arc<Stack> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(stack) = known.upgrade() {
        return stack;
    }
    let program = root().join("target/debug/local");
    assert!(program.exists(), "build the stack first: cargo build --workspace --all-targets");
    let (program, url) = Program::start(Command::new(program).args(arguments), "listening on ");
    let stack = Arc::new(Stack { url, _program: program });
    *known = Arc::downgrade(&stack);
    stack
}
