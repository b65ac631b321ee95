//! A request of a person who signed in.

use std::net::IpAddr;

use shared::{
    deadline::Deadline,
    domain::{
        principal::{Principal, Role},
        time::Time,
    },
    http::{Response, problem::Problem},
    sources::signature::Secret,
};
use strum::{Display, EnumString};

use crate::{
    answer,
    arrival::Arrival,
    cookies::Cookie,
    flash::{self, Flash},
    form::Form,
    link::Link,
};

/// The colours that a person prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Display, EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Theme {
    /// Those of the system.
    #[default]
    Auto,
    Light,
    Dark,
}

/// A request of a person who signed in, and what its page needs.
#[derive(Debug)]
pub struct Visit {
    pub person: Principal,
    pub arrival: Arrival,
    /// Where it comes from, for the log.
    pub source_address: Option<IpAddr>,
    /// The address of its page, with filters, order and place. Of a form, that of the page that it is on.
    pub link: Link,
    /// Whether a form was sent that changes something.
    pub is_change: bool,
    /// The fields that a form sent.
    pub form: Form,
    pub now: Time,
    pub deadline: Deadline,
    pub theme: Theme,
    /// What came of the change before.
    pub flash: Option<Flash>,
    /// What each form carries. See `Session::proof`.
    pub proof: String,
    pub key: Secret,
}

impl Visit {
    /// Whether the person may change something.
    #[must_use]
    pub fn is_responder(&self) -> bool {
        self.person.role == Role::Responder
    }

    /// Refuses who may only read.
    ///
    /// # Errors
    /// A 403 [`Problem`]
    pub fn check_responder(&self) -> Result<(), Problem> {
        if self.is_responder() {
            return Ok(());
        }
        Err(Problem::forbidden("Only responders may do this. You signed in as a viewer."))
    }

    /// Goes to a page that tells what came of a change.
    #[must_use]
    pub fn tell(&self, flash: &Flash, page: &str) -> Response {
        let (reach, value) = (self.arrival.reach, flash.seal(&self.key));
        let cookie = Cookie { reach, name: flash::COOKIE, value, seconds: flash::SECONDS };
        answer::with_cookie(answer::redirect(page), &cookie)
    }
}
