//! Names and numbers under which Datadog and Sentry know the demo company.

/// The name of the organisation in Datadog and Sentry.
pub const NAME: &str = "Hafenmarkt";
/// The organisation's part of its addresses in Sentry.
pub const SLUG: &str = "hafenmarkt";
/// The number of the organisation in Datadog.
pub const DATADOG_ORG: &str = "1400082";
/// The number of the organisation in Sentry.
pub const SENTRY_ORG: &str = "4508811190";
