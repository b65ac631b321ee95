//! A person who uses the console with a browser that runs no scripts.

use std::collections::HashMap;

use reqwest::{
    Client, Method, RequestBuilder, Response,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};

use crate::Access;

/// The browser: it keeps cookies, and shows each redirect.
#[derive(Debug, Clone)]
pub struct Browser {
    http: Client,
    url: String,
    /// By name.
    pub cookies: HashMap<String, String>,
}

/// What a browser got.
#[derive(Debug)]
pub struct Shown {
    pub status: u16,
    /// Where it is sent.
    pub location: Option<String>,
    /// With names in lower case.
    pub headers: HashMap<String, String>,
    pub text: String,
}

impl Browser {
    /// A browser without cookies.
    pub fn of(access: &Access) -> Self {
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client can be built");
        Self { http, url: access.url.clone(), cookies: HashMap::new() }
    }

    /// A browser in which somebody signed in with a token.
    pub async fn signed_in(access: &Access, token: &str) -> Self {
        let mut browser = Self::of(access);
        let shown = browser.post("/console/sign-in", &[("token", token)]).await;
        assert_eq!(shown.status, 303, "{}", shown.text);
        browser
    }

    /// A request with its cookies.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.http.request(method, format!("{}{path}", self.url)).header(COOKIE, cookies.join("; "))
    }

    /// Sends a request, and keeps the cookies of the answer.
    pub async fn send(&mut self, request: RequestBuilder) -> Shown {
        let response = request.send().await.expect("the stack answers");
        self.keep(&response);
        let headers = response.headers().iter();
        let headers: HashMap<String, String> = headers
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let location = headers.get(LOCATION.as_str()).cloned();
        let status = response.status().as_u16();
        Shown { status, location, headers, text: response.text().await.expect("a text") }
    }

    /// Opens a page.
    pub async fn get(&mut self, path: &str) -> Shown {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a form.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.header("sec-fetch-site", "same-origin").body(body)).await
    }

    /// Sends a form of a page, with what the page put into it unseen.
    pub async fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        let shown = self.get(page).await;
        let proof = shown.field("proof");
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("proof", proof.as_str())]).collect();
        self.post(path, &fields).await
    }

    fn keep(&mut self, response: &Response) {
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("a text");
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Shown {
    /// The value of a field that the page sends unseen.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let begin = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.text.split_once(&begin).unwrap_or_else(|| panic!("no field {name} in {}", self.text));
        rest.split('"').next().expect("a value").to_owned()
    }
}
