//! A browser, as a test uses it: by what people see, with waiting.

use std::sync::Arc;

use serde_json::{Value, json};
use thirtyfour::{
    ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver, WebElement,
    prelude::{By, WebDriverResult},
};

use crate::{Stack, driver::Driver, eventually};

/// What the system of the browser prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    Light,
    Dark,
}

impl Colours {
    /// `light` or `dark`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What a person answers to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Yes,
    No,
}

/// A browser with a profile of its own. Its window is 1440 × 900 pixels.
#[derive(Debug)]
pub struct Browser {
    /// The client, for what a test does once.
    pub client: WebDriver,
    /// The stack that it visits.
    pub stack: Arc<Stack>,
    // The last, so that it ends after its client.
    _driver: Driver,
}

impl Browser {
    /// A browser that visits a stack.
    pub async fn open(stack: &Arc<Stack>) -> Self {
        Self::start(stack, &json!({})).await
    }

    /// A browser whose owner has switched scripts off.
    pub async fn without_scripts(stack: &Arc<Stack>) -> Self {
        Self::start(stack, &json!({ "profile.managed_default_content_settings.javascript": 2 })).await
    }

    async fn start(stack: &Arc<Stack>, preferences: &Value) -> Self {
        let driver = Driver::start();
        let capabilities = capabilities(preferences).expect("capabilities are JSON");
        let client = WebDriver::new(driver.url(), capabilities).await.expect("the browser starts");
        let browser = Self { client, stack: Arc::clone(stack), _driver: driver };
        browser.set_size(1440, 900).await;
        browser
    }

    /// Signs in with a token, by the form.
    pub async fn sign_in(&self, token: &str) {
        self.visit("/console/sign-in").await;
        self.fill("#token", token).await;
        self.click("form .primary").await;
        self.see("header.side").await;
    }

    /// Enters an address of the stack.
    pub async fn visit(&self, path: &str) {
        self.client.goto(format!("{}{path}", self.stack.url)).await.expect("the page loads");
    }

    /// Path and query of the page.
    pub async fn address(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// Waits until the address meets a condition.
    pub async fn arrive(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        eventually(what, async || {
            let address = self.address().await;
            if condition(&address) { Ok(address) } else { Err(format!("it is {address}")) }
        })
        .await
    }

    /// Waits for something that can be seen.
    pub async fn see(&self, css: &str) -> WebElement {
        eventually(css, async || self.shown(css).await).await
    }

    /// Waits until something can be seen that says a text.
    pub async fn read(&self, css: &str, text: &str) {
        eventually(text, async || {
            let all = self.texts(css).await;
            if all.iter().any(|said| said.contains(text)) { Ok(()) } else { Err(format!("{css} says {all:?}")) }
        })
        .await;
    }

    /// Waits until there are so many of something.
    pub async fn count(&self, css: &str, expected: usize) {
        eventually(css, async || {
            let texts = self.texts(css).await;
            if texts.len() == expected { Ok(()) } else { Err(format!("{} and not {expected}: {texts:?}", texts.len())) }
        })
        .await;
    }

    /// What all elements of a kind say, as people see it.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.client.find_all(By::Css(css)).await.unwrap_or_default() {
            // A page that refreshes itself may replace it meanwhile.
            if let Ok(text) = element.text().await {
                texts.push(text);
            }
        }
        texts
    }

    /// Clicks something once it can be clicked.
    pub async fn click(&self, css: &str) {
        eventually(css, async || {
            let element = self.shown(css).await?;
            element.click().await.map_err(|error| error.to_string())
        })
        .await;
    }

    /// Clicks the first of several that says a text.
    pub async fn click_on(&self, css: &str, text: &str) {
        eventually(text, async || {
            for element in self.client.find_all(By::Css(css)).await.map_err(|error| error.to_string())? {
                if element.text().await.is_ok_and(|said| said.contains(text)) {
                    return element.click().await.map_err(|error| error.to_string());
                }
            }
            Err(format!("no {css} says it"))
        })
        .await;
    }

    /// Writes into a field in place of what is there.
    pub async fn fill(&self, css: &str, text: &str) {
        eventually(css, async || {
            let field = self.shown(css).await?;
            field.clear().await.map_err(|error| error.to_string())?;
            field.send_keys(text).await.map_err(|error| error.to_string())
        })
        .await;
    }

    /// Waits for a question, and answers it.
    pub async fn answer(&self, reply: Reply) {
        eventually("a question", async || {
            let answered = match reply {
                Reply::Yes => self.client.accept_alert().await,
                Reply::No => self.client.dismiss_alert().await,
            };
            answered.map_err(|error| error.to_string())
        })
        .await;
    }

    /// Presses keys, wherever the focus is.
    pub async fn press(&self, keys: &str) {
        self.client.action_chain().send_keys(keys).perform().await.expect("keys can be pressed");
    }

    /// Runs a script of the test in the page, and returns its value.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}")).json().clone()
    }

    /// Runs a script that calls `done` with its value.
    pub async fn run_until_done(&self, script: &str) -> Value {
        let script = format!("const done = arguments[0]; {script}");
        let value = self.client.execute_async(script.as_str(), Vec::new()).await;
        value.unwrap_or_else(|error| panic!("{script}: {error}")).json().clone()
    }

    /// Waits until a script returns `true`.
    pub async fn wait_for(&self, script: &str) {
        eventually(script, async || match self.client.execute(script, Vec::new()).await {
            Ok(value) if *value.json() == true => Ok(()),
            Ok(value) => Err(value.json().to_string()),
            Err(error) => Err(error.to_string()),
        })
        .await;
    }

    /// The size of the window, in pixels of CSS.
    pub async fn set_size(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700 });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// What the system prefers.
    pub async fn set_colours(&self, colours: Colours) {
        let feature = json!({ "name": "prefers-color-scheme", "value": colours.name() });
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": [feature] })).await;
    }

    /// A command of the browser's developer tools.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let answer = self.client.cdp().send_raw(command, parameters).await;
        answer.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Closes it. No page may have failed, broken the policy, or asked another host.
    pub async fn close(self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
        let requested = self.requested().await;
        let own = format!("{}/", self.stack.url);
        assert!(requested.iter().any(|url| url.starts_with(&own)), "the log of requests is empty");
        let foreign: Vec<&String> = requested.iter().filter(|url| !url.starts_with(&own)).collect();
        assert!(foreign.is_empty(), "requests to other hosts: {foreign:#?}");
        self.client.quit().await.expect("the browser ends");
    }

    /// Errors of scripts and breaches of the policy. An answer such as 403 is neither.
    async fn complaints(&self) -> Vec<String> {
        let entries = self.client.get_log("browser").await.expect("the log of the browser");
        let entries = entries.into_iter().filter(|entry| entry.source.as_deref() != Some("network"));
        entries.map(|entry| format!("{:?}: {}", entry.source, entry.message)).collect()
    }

    /// The addresses of all requests. Addresses that carry their content ask nobody.
    async fn requested(&self) -> Vec<String> {
        let entries = self.client.get_log("performance").await.expect("the log of requests");
        let messages = entries.iter().map(|entry| serde_json::from_str::<Value>(&entry.message).expect("JSON"));
        let sent = messages.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        let urls = sent.filter_map(|event| event["message"]["params"]["request"]["url"].as_str().map(str::to_owned));
        urls.filter(|url| !url.starts_with("data:")).collect()
    }

    async fn shown(&self, css: &str) -> Result<WebElement, String> {
        let elements = self.client.find_all(By::Css(css)).await.map_err(|error| error.to_string())?;
        let found = elements.len();
        for element in elements {
            if element.is_displayed().await.unwrap_or(false) {
                return Ok(element);
            }
        }
        let main = self.texts("body").await.join(" ").chars().take(600).collect::<String>();
        Err(format!("{found} found, none shown at {}: {main}", self.address().await))
    }
}

fn capabilities(preferences: &Value) -> WebDriverResult<DesiredCapabilitiesOfChrome> {
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in [
        "--headless=new",
        // Chromium refuses to start as root with its sandbox, and CI is often root in a container.
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--force-color-profile=srgb",
        "--lang=en-GB",
        "--window-size=1440,900",
        // Nothing but this machine can be reached, whatever a page asks for.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ] {
        capabilities.add_arg(argument)?;
    }
    capabilities.add_experimental_option("prefs", preferences)?;
    capabilities.add_experimental_option("perfLoggingPrefs", json!({ "enableNetwork": true, "enablePage": false }))?;
    capabilities.set_logging_prefs("performance", LoggingPrefsLogLevel::All)?;
    capabilities.set_logging_prefs("browser", LoggingPrefsLogLevel::Warning)?;
    Ok(capabilities)
}

type DesiredCapabilitiesOfChrome = thirtyfour::ChromeCapabilities;
