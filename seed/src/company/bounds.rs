//! Ranges of numbers in the files of `seed/data`, such as how many minutes an outage lasts.

use serde::Deserialize;

/// A range of whole numbers that includes both ends. In YAML: `[3, 9]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "[u32; 2]")]
pub struct Bounds {
    pub least: u32,
    pub most: u32,
}

impl Bounds {
    pub const fn new(least: u32, most: u32) -> Self {
        Self { least, most }
    }
}

impl TryFrom<[u32; 2]> for Bounds {
    type Error = String;

    fn try_from([least, most]: [u32; 2]) -> Result<Self, String> {
        if least > most {
            return Err(format!("the range [{least}, {most}] is empty"));
        }
        Ok(Self { least, most })
    }
}
