//! chromedriver, which starts and steers a browser.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
};

use crate::program::Program;

/// A driver on a free port of this machine. Its browser ends with it.
#[derive(Debug)]
pub struct Driver {
    port: u16,
    _program: Program,
}

impl Driver {
    /// Starts it.
    pub fn start() -> Self {
        let (program, said) =
            Program::start(Command::new("chromedriver").arg("--port=0"), "started successfully on port ");
        let port = said.trim_end_matches('.').parse().unwrap_or_else(|error| panic!("no port in “{said}”: {error}"));
        Self { port, _program: program }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Without it, a browser of a test that failed would outlive its driver.
        if let Ok(mut connection) = TcpStream::connect(("127.0.0.1", self.port)) {
            let request =
                format!("GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", self.port);
            let _ = connection.write_all(request.as_bytes());
            let _ = connection.read_to_end(&mut Vec::new());
        }
    }
}
