//! A program that runs beside the tests.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// A stack fills its tables before it says that it listens.
const START_TIMEOUT: Duration = Duration::from_mins(3);

/// A program that ends with its value.
#[derive(Debug)]
pub struct Program(Child);

impl Program {
    /// Starts a program, and returns what follows a text in the first line of its output that has it.
    pub fn start(command: &mut Command, before: &'static str) -> (Self, String) {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let (found, said) = mpsc::channel();
        // Reads to the end: a program whose output nobody reads would stop.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once(before) {
                    let _ = found.send(rest.to_owned());
                }
            }
        });
        let program = Self(child);
        let rest = said.recv_timeout(START_TIMEOUT);
        (program, rest.unwrap_or_else(|error| panic!("{command:?} did not say “{before}”: {error}")))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
