//! Reads `template.yaml`, the only description of the deployment.
//!
//! A template may contain more than the local stack can run. Anything that this module does not
//! know is an error at the start: a stack that starts is the stack that the template describes.

mod authorizers;
mod conditions;
mod document;
mod error;
mod function;
mod policy;
mod resolve;
mod resource;

pub use authorizers::{Authorizer, Authorizers};
pub use document::Template;
pub use error::TemplateError;
pub use function::{FailureReports, FunctionResource, QueueTrigger};
pub use policy::Permission;
pub use resolve::{ACCOUNT, REGION, Scope};
pub use resource::{Kind, Resource};
