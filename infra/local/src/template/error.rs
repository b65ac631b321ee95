//! Why the local stack cannot run the template.

use super::resolve::ResolveError;

/// Why the local stack cannot run the template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("template.yaml is not a template: {0}")]
    Syntax(#[from] serde_norway::Error),
    #[error("template.yaml: {logical_id}: the local stack does not know the type {kind}")]
    UnknownType { logical_id: String, kind: String },
    #[error("template.yaml has no parameter {0}")]
    UnknownParameter(String),
    #[error("template.yaml: {at}: {source}")]
    Unresolved { at: String, source: ResolveError },
    /// A resolved value has the wrong form, or a property that is not known.
    #[error("template.yaml: {at}: {source}")]
    Malformed { at: String, source: serde_json::Error },
    /// Something that the local stack would otherwise silently leave out.
    #[error("template.yaml: {at}: the local stack does not know {what}")]
    NotSupported { at: String, what: String },
}
