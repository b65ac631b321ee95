//! Reads a form (`application/x-www-form-urlencoded`), which Datadog sends with *Encode as form*.

use serde_json::{Map, Value};

/// Reads a form. `None` if the body is no form.
///
/// The content type does not decide: a form comes with any, and JSON comes as a form. A field whose
/// text is a JSON object or list is read as one. `org[id]` is the member `id` of `org`. A field that
/// comes several times is a list.
pub fn parse(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?.trim_ascii();
    if !has_form(text) {
        return None;
    }
    let mut fields = Map::new();
    for (name, text) in form_urlencoded::parse(text.as_bytes()) {
        insert(&mut fields, &name, of_text(text.into_owned()));
    }
    Some(Value::Object(fields))
}

/// Whether a text is `name=value&…`, all of it in the characters that a form is encoded in.
fn has_form(text: &str) -> bool {
    let is_of_form = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'{' | b'}' | b'\\');
    text.bytes().all(is_of_form)
        && text.split('&').filter(|pair| !pair.is_empty()).all(|pair| pair.find('=').is_some_and(|at| at > 0))
        && !text.is_empty()
}

fn of_text(text: String) -> Value {
    let is_json = text.trim_start().starts_with(['{', '[']);
    is_json.then(|| serde_json::from_str(&text).ok()).flatten().unwrap_or(Value::String(text))
}

fn insert(fields: &mut Map<String, Value>, name: &str, value: Value) {
    let member = name.strip_suffix(']').and_then(|name| name.split_once('['));
    match member.filter(|(object, member)| !object.is_empty() && !member.is_empty()) {
        Some((object, member)) => {
            let object = fields.entry(object).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(members) = object {
                put(members, member, value);
            }
        }
        None => put(fields, name, value),
    }
}

fn put(fields: &mut Map<String, Value>, name: &str, value: Value) {
    match fields.get_mut(name) {
        None => {
            fields.insert(name.to_owned(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_decoded() {
        let body = b"title=%5BP2%5D+CPU+%C3%BC&tags=env%3Aprod%2Cservice%3Aweb&empty=&org[id]=1&org[name]=Acme";
        let expected = json!({
            "title": "[P2] CPU ü", "tags": "env:prod,service:web", "empty": "", "org": {"id": "1", "name": "Acme"},
        });
        assert_eq!(parse(body), Some(expected));
    }

    #[test]
    fn a_field_may_hold_json() {
        let expected = json!({"payload": {"title": "x"}, "list": ["a"], "text": "[P1] x", "tag": ["a", "b"]});
        let body = b"payload=%7B%22title%22%3A%22x%22%7D&list=%5B%22a%22%5D&text=%5BP1%5D+x&tag=a&tag=b\n";
        assert_eq!(parse(body), Some(expected));
    }

    #[test]
    fn other_texts_are_no_form() {
        for body in ["", "&", "hello", "a b=c", "=x", "{\"a\"=1}", "<a href=b>", "a=b&c", "a=b\nc=d", "title=ü"] {
            assert_eq!(parse(body.as_bytes()).filter(|form| form != &json!({})), None, "{body}");
        }
        assert_eq!(parse(b"a=\xff"), None);
    }
}
