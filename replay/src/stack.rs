//! Reads alerts from a running stack, page by page, with a viewer's token.

use reqwest::{Client, Url, header::HeaderValue};
use serde::Deserialize;
use shared::domain::time::Time;

use crate::stored::StoredAlert;

/// The alerts of a page. The largest that the API allows.
const PAGE: &str = "200";

/// Where alerts are read, and which.
#[derive(Debug, Clone)]
pub struct Query {
    /// The address before `/alerts`.
    pub url: Url,
    /// `Bearer` and a token.
    pub authorization: HeaderValue,
    /// Alerts that were created at this time or later.
    pub from: Time,
    /// And not later than this.
    pub to: Time,
    /// Only alerts of this environment.
    pub environment: Option<String>,
}

/// Why alerts cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    #[error("{0} is no address of a stack: it must begin with http:// or https://")]
    Address(Url),
    #[error("the stack does not answer: {0}")]
    NoAnswer(#[from] reqwest::Error),
    #[error("the stack answers {status}: {detail}")]
    Refused { status: u16, detail: String },
    #[error("the stack's answer is no page of alerts: {0}")]
    Unreadable(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Page {
    items: Vec<StoredAlert>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Query {
    fn page(&self, cursor: Option<&str>) -> Result<Url, StackError> {
        let mut url = self.url.clone();
        let Ok(mut path) = url.path_segments_mut() else { return Err(StackError::Address(self.url.clone())) };
        path.pop_if_empty().push("alerts");
        drop(path);
        let mut query = url.query_pairs_mut();
        query.append_pair("created_from", &self.from.to_string()).append_pair("created_to", &self.to.to_string());
        query.append_pair("sort", "created_at").append_pair("limit", PAGE);
        for (name, value) in [("environment", self.environment.as_deref()), ("cursor", cursor)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        drop(query);
        Ok(url)
    }

    /// Reads the alerts, oldest first.
    ///
    /// # Errors
    /// [`StackError`]
    pub async fn alerts(&self, client: &Client) -> Result<Vec<StoredAlert>, StackError> {
        let mut alerts = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let request = client.get(self.page(cursor.as_deref())?).header("authorization", self.authorization.clone());
            let answer = request.send().await?;
            let (status, body) = (answer.status(), answer.text().await?);
            if !status.is_success() {
                let detail = serde_json::from_str(&body).map_or(body, |problem: Problem| problem.detail);
                return Err(StackError::Refused { status: status.as_u16(), detail });
            }
            let page: Page = serde_json::from_str(&body)?;
            alerts.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(alerts);
            }
        }
    }
}
