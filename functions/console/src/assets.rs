//! The files of the pages. Their names carry a hash of their content.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// A file that pages need.
#[derive(Debug)]
pub struct Asset {
    /// The address.
    pub path: String,
    pub text: &'static str,
    pub content_type: &'static str,
}

impl Asset {
    fn new(name: &str, extension: &str, text: &'static str, content_type: &'static str) -> Self {
        let hash = hex::encode(&Sha256::digest(text)[..6]);
        Self { path: format!("/console/assets/{name}-{hash}.{extension}"), text, content_type }
    }
}

/// The files.
#[derive(Debug)]
pub struct Assets {
    pub style: Asset,
    pub script: Asset,
    pub htmx: Asset,
    pub icon: Asset,
}

/// The files, with their addresses.
pub static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new("console", "css", include_str!("../assets/console.css"), "text/css; charset=utf-8"),
    script: Asset::new("console", "js", include_str!("../assets/console.js"), "text/javascript; charset=utf-8"),
    htmx: Asset::new("htmx", "js", include_str!("../assets/htmx.min.js"), "text/javascript; charset=utf-8"),
    icon: Asset::new("icon", "svg", include_str!("../assets/icon.svg"), "image/svg+xml"),
});

/// The file at an address.
#[must_use]
pub fn find(path: &str) -> Option<&'static Asset> {
    let Assets { style, script, htmx, icon } = &*ASSETS;
    [style, script, htmx, icon].into_iter().find(|asset| asset.path == path)
}
