//! The pages, a file each: reads the request, calls use cases, and returns markup.

pub mod incidents;
pub mod layout;
pub mod refusal;
pub mod sign_in;
