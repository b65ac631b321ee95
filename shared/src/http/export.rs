//! Answers lists in the form that a caller accepts: JSON, CSV or NDJSON.

use std::cmp::Reverse;

use lambda_http::http::{
    HeaderValue, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, LINK, VARY},
};
use serde::Serialize;
use serde_json::Value;

use super::{Request, Response, answer, problem::Problem, view::PageView};

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    /// RFC 4180: a line for each item, and the names of the columns before the first item of the list.
    Csv,
    /// A JSON object for each item, a line each.
    NdJson,
}

impl Format {
    /// The form that a request accepts best, by RFC 9110, section 12.5.1. JSON, if it accepts none of them.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let accepted = request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges: Vec<Range> = accepted.flat_map(|value| value.split(',')).filter_map(Range::read).collect();
        let weighed = [Self::Json, Self::Csv, Self::NdJson].map(|format| {
            // The most specific range decides; of equal weights, what is named before, and then JSON.
            let range = ranges.iter().enumerate().filter_map(|(place, range)| Some((range.fit(format)?, place, range)));
            let (_, place, range) = range.max_by_key(|(fit, place, _)| (*fit, Reverse(*place)))?;
            Some((range.weight, Reverse(place), format))
        });
        let best = weighed.into_iter().flatten().filter(|(weight, ..)| *weight > 0.0);
        let best = best.reduce(|best, other| if (other.0, other.1) > (best.0, best.1) { other } else { best });
        best.map_or(Self::Json, |(.., format)| format)
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::NdJson => "application/x-ndjson",
        }
    }
}

/// A range of media types in `Accept`.
struct Range {
    media_type: String,
    weight: f32,
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let mut parts = lower.split(';').map(str::trim);
        let media_type = parts.next().filter(|media_type| !media_type.is_empty())?.to_owned();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.trim().parse().ok()).unwrap_or(1.0);
        Some(Self { media_type, weight })
    }

    /// How closely it names a form: 2 is by name, 0 is any. `None` if it does not mean it.
    fn fit(&self, format: Format) -> Option<u8> {
        let name = format.media_type();
        let kind = name.split_once('/').map_or(name, |(kind, _)| kind);
        match self.media_type.as_str() {
            "*/*" => Some(0),
            range if range == name => Some(2),
            range => (range.strip_suffix("/*") == Some(kind)).then_some(1),
        }
    }
}

/// An answer with one page of a list, in the form that the request accepts, of as many items as fit. `list` reads a page of
/// up to so many items. `columns` are the members of an item that CSV has.
///
/// # Errors
/// The [`Problem`] of `list`.
pub async fn page<V, F>(
    request: &Request,
    columns: &[&str],
    asked: usize,
    list: impl Fn(usize) -> F,
) -> Result<Response, Problem>
where
    V: Serialize,
    F: Future<Output = Result<PageView<V>, Problem>>,
{
    answer::fitting_page(asked, list, |page| render(request, columns, page)).await
}

fn render<V: Serialize>(request: &Request, columns: &[&str], page: &PageView<V>) -> Response {
    let next = page.next_cursor().map(|cursor| next_link(request, cursor));
    let items = page.items().iter();
    let mut answer = match Format::of(request) {
        Format::Json => answer::json(StatusCode::OK, page),
        Format::Csv => text("text/csv; charset=utf-8", csv(columns, page.is_first(), items)),
        Format::NdJson => text("application/x-ndjson", ndjson(items)),
    };
    let headers = answer.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("accept"));
    if let Some(next) = next.and_then(|next| HeaderValue::from_str(&next).ok()) {
        headers.insert(LINK, next);
    }
    answer
}

fn text(content_type: &'static str, body: String) -> Response {
    let mut answer = answer::text(body);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// RFC 8288. The target is relative: the API does not know under which name it is reached.
fn next_link(request: &Request, cursor: &str) -> String {
    let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let query = query.filter(|(name, _)| name != "cursor" && name != "offset");
    let mut next = form_urlencoded::Serializer::new(String::new());
    let next = next.extend_pairs(query).append_pair("cursor", cursor).finish();
    // A comma means itself in a query, and a target is to be hardly longer than what it follows.
    let next = next.replace("%2C", ",");
    format!("<{}?{next}>; rel=\"next\"", request.uri().path())
}

fn ndjson(items: impl Iterator<Item = impl Serialize>) -> String {
    // This cannot fail: all views are structs of strings, numbers and lists.
    items.map(|item| serde_json::to_string(&item).unwrap_or_default() + "\n").collect()
}

fn csv(columns: &[&str], has_names: bool, items: impl Iterator<Item = impl Serialize>) -> String {
    let names = has_names.then(|| columns.join(",") + "\r\n");
    let lines = items.map(|item| {
        let item = serde_json::to_value(&item).unwrap_or_default();
        let cells: Vec<String> = columns.iter().map(|column| cell(&item[*column])).collect();
        cells.join(",") + "\r\n"
    });
    names.into_iter().chain(lines).collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text_cell(text),
        Value::Array(values) => {
            let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            text_cell(&texts.join("; "))
        }
        other => other.to_string(),
    }
}

/// A cell that a spreadsheet shows as it is. One that begins like a formula gets an apostrophe before it (OWASP, "CSV
/// Injection").
fn text_cell(text: &str) -> String {
    const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    let quoted = text.replace('"', "\"\"");
    let apostrophe = if text.trim_start_matches(' ').starts_with(FORMULA) { "'" } else { "" };
    format!("\"{apostrophe}{quoted}\"")
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use serde_json::json;

    use super::*;
    use crate::listing::{cursor::Cursor, page::Page};

    fn request(uri: &str, accept: &str) -> Request {
        let request = lambda_http::http::Request::builder().uri(format!("https://api.example.com{uri}"));
        request.header(ACCEPT, accept).body(Body::Empty).unwrap()
    }

    /// The page of a list of one item after so many others.
    fn page_after(offset: u64) -> PageView<Value> {
        let next_cursor = Some(Cursor { position: "7.01".to_owned(), list: "l".to_owned() });
        let items = vec![json!({"id": "1", "n": 2, "more": {}})];
        PageView::of(Page { items, total: 3, limit: 1, offset, next_cursor, facets: Vec::new() }, |item| item)
    }

    #[test]
    fn the_form_is_what_is_accepted_best() {
        for (accept, expected) in [
            ("text/csv", Format::Csv),
            ("TEXT/CSV;q=0.9, */*;q=0.1", Format::Csv),
            ("application/json, text/csv", Format::Json),
            ("application/json;q=0.5, application/x-ndjson", Format::NdJson),
            ("text/csv;q=0", Format::Json),
            ("text/html", Format::Json),
            ("", Format::Json),
            (";;q=,", Format::Json),
            ("*/*", Format::Json),
            ("text/*", Format::Csv),
            ("text/csv, application/json", Format::Csv),
            ("application/json;q=0, */*", Format::Csv),
            ("application/json;q=0,text/csv;Q=0,*/*", Format::NdJson),
            ("text/*;q=0.3,application/*;q=0.2", Format::Csv),
            ("application/*;q=0.9, application/json;q=0.1", Format::NdJson),
            ("text/csv;q=x", Format::Csv),
        ] {
            assert_eq!(Format::of(&request("/incidents", accept)), expected, "{accept}");
        }
    }

    #[test]
    fn a_cell_is_no_formula() {
        for (value, expected) in [
            (json!("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\""),
            (json!("  +1"), "\"'  +1\""),
            (json!("@SUM(A1)"), "\"'@SUM(A1)\""),
            (json!("\t=1"), "\"'\t=1\""),
            (json!("＝1"), "\"'＝1\""),
            (json!("a=b,\nc"), "\"a=b,\nc\""),
            (json!(["-a", "b"]), "\"'-a; b\""),
            (json!([]), "\"\""),
            (json!(7), "7"),
            (json!(true), "true"),
            (Value::Null, ""),
        ] {
            assert_eq!(cell(&value), expected);
        }
    }

    #[tokio::test]
    async fn the_pages_of_a_list_are_one_file() {
        let answer = async |offset| {
            let request = request("/alerts?q=a+b%26&limit=1&offset=0", "text/csv");
            page(&request, &["n", "id"], 1, async |_| Ok(page_after(offset))).await.unwrap()
        };
        let Body::Text(first) = answer(0).await.into_body() else { panic!("no text") };
        assert_eq!(first, "n,id\r\n2,\"1\"\r\n");
        let second = answer(1).await;
        assert_eq!(second.headers()[CONTENT_TYPE], "text/csv; charset=utf-8");
        let link = second.headers()[LINK].to_str().unwrap().to_owned();
        assert!(link.starts_with("</alerts?q=a+b%26&limit=1&cursor=") && link.ends_with(">; rel=\"next\""), "{link}");
        let Body::Text(second) = second.into_body() else { panic!("no text") };
        assert_eq!(second, "2,\"1\"\r\n");
    }
}
