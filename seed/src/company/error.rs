//! What can be wrong in the files of `seed/data`.

/// The demo data contradicts itself. It is part of the program, and a test reads all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    #[error("seed/data/{path}: {reason}")]
    Unreadable { path: &'static str, reason: String },
    #[error("service {service}: there is no team {team}")]
    UnknownTeam { service: String, team: String },
    #[error("scenario {scenario}: there is no {signal} of that kind")]
    UnknownSignal { scenario: String, signal: String },
    #[error("scenario {scenario}: no signal fires first")]
    NoSignal { scenario: String },
    #[error("there is no scenario {name}")]
    UnknownScenario { name: &'static str },
}
