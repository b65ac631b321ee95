//! Names and numbers under which its tools know the demo company.

use super::env::Env;

/// The name of the organisation in Datadog and Sentry.
pub const NAME: &str = "Hafenmarkt";
/// The organisation's part of its addresses in Sentry.
pub const SLUG: &str = "hafenmarkt";
/// The number of the organisation in Datadog.
pub const DATADOG_ORG: &str = "1400082";
/// The number of the organisation in Sentry.
pub const SENTRY_ORG: &str = "4508811190";

/// The AWS account of an environment. AWS gives these numbers as examples.
pub const fn aws_account(env: Env) -> &'static str {
    match env {
        Env::Production => "111122223333",
        Env::Staging => "444455556666",
    }
}
