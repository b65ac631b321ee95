//! Pictures of pages.

use std::{fs, path::Path, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use serde_json::json;

use crate::{Browser, Colours, RESPONDER, Stack, root};

/// A browser draws no higher picture at once.
const MAX_HEIGHT: u64 = 8000;

/// Larger pictures would make the README slow.
const MAX_README_BYTES: usize = 300_000;

/// Keeps a picture of the whole page in `target/screenshots`.
pub async fn keep(browser: &Browser, name: &str) {
    let size = browser.run("return [innerWidth, document.documentElement.scrollHeight]").await;
    let pixels = |place: usize| size[place].as_u64().expect("a number of pixels");
    write(&root().join("target/screenshots"), name, &picture(browser, pixels(0), pixels(1).min(MAX_HEIGHT)).await);
}

/// Writes the pictures of the README to `docs/images`.
pub async fn write_for_readme() {
    let stack: Arc<Stack> = Stack::demo();
    let browser = Browser::open(&stack).await;
    browser.sign_in(RESPONDER).await;
    let directory = root().join("docs/images");
    for (name, path, colours) in [
        ("incidents", "/console/incidents?range=30d", Colours::Light),
        ("incident", "/console/incidents?sort=-alert_count", Colours::Dark),
    ] {
        browser.set_colours(colours).await;
        browser.visit(path).await;
        browser.see("a.row").await;
        if name == "incident" {
            browser.click("a.row").await;
            browser.see("figure.timeline").await;
        }
        let picture = picture(&browser, 1440, 900).await;
        assert!(picture.len() <= MAX_README_BYTES, "{name}: {} bytes", picture.len());
        write(&directory, name, &picture);
    }
    browser.close().await;
}

async fn picture(browser: &Browser, width: u64, height: u64) -> Vec<u8> {
    let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
    let parameters = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
    let answer = browser.devtools("Page.captureScreenshot", parameters).await;
    BASE64.decode(answer["data"].as_str().expect("a picture")).expect("base64")
}

fn write(directory: &Path, name: &str, picture: &[u8]) {
    fs::create_dir_all(directory).expect("a directory for pictures");
    let path = directory.join(format!("{name}.png"));
    fs::write(&path, picture).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
