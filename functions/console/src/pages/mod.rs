//! The pages, a file each: reads the request, calls use cases, and returns markup.

pub mod alert;
pub mod alerts;
pub mod help;
pub mod incident;
pub mod incidents;
pub mod insights;
pub mod layout;
pub mod provider;
pub mod quarantine;
pub mod refusal;
pub mod report;
pub mod sign_in;
