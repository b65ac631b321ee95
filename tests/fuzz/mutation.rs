//! Changes payloads as JSON and as bytes. The changes come from a seed, so a failure can be
//! repeated.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Texts that parsers often get wrong.
const ODD_TEXTS: [&str; 15] = [
    "",
    " ",
    "\0",
    "\u{feff}",
    "\u{fffe} and \u{ffff}",
    "ǅ\u{301}\u{202e}",
    "[",
    "[P1",
    "[P1] [Triggered]",
    "%%%",
    ",,,,",
    ":",
    "service:",
    "1e999",
    "-9223372036854775809",
];

/// A changed copy of a payload, as bytes.
pub fn mutated(payload: &Value, random: &mut Rng) -> Vec<u8> {
    let mut payload = payload.clone();
    for _ in 0..random.u8(..6) {
        change(&mut payload, random);
    }
    let mut body = payload.to_string().into_bytes();
    if random.u8(..3) == 0 {
        for _ in 0..random.u8(1..4) {
            change_bytes(&mut body, random);
        }
    }
    if random.u8(..64) == 0 {
        body.resize(1024 * 1024, b' ');
    }
    body
}

fn odd(random: &mut Rng) -> Value {
    match random.u8(..12) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => json!(random.i64(..)),
        3 => json!(u64::MAX),
        4 => json!(f64::MAX),
        5 => json!(-0.5),
        6 => json!([]),
        7 => json!({}),
        8 => (0..random.usize(1..120)).fold(json!("deep"), |inner, _| json!([inner])),
        9 => {
            let unit = ["a", "ß", "🔥", "a:b,", "\u{1}"][random.usize(..5)];
            json!(unit.repeat(random.usize(1..30_000)))
        }
        10 => json!(vec!["service:web"; random.usize(1..3_000)]),
        _ => json!(ODD_TEXTS[random.usize(..ODD_TEXTS.len())]),
    }
}

/// Changes one value of a payload.
fn change(value: &mut Value, random: &mut Rng) {
    let descends = random.u8(..4) > 0;
    match value {
        Value::Object(members) if descends && !members.is_empty() => {
            let at = random.usize(..members.len());
            match random.u8(..8) {
                0 => remove(members, at),
                1 => {
                    members.insert(ODD_TEXTS[random.usize(..ODD_TEXTS.len())].to_owned(), odd(random));
                }
                _ => {
                    if let Some(inner) = members.values_mut().nth(at) {
                        change(inner, random);
                    }
                }
            }
        }
        Value::Array(list) if descends && !list.is_empty() => {
            let at = random.usize(..list.len());
            match random.u8(..4) {
                0 => {
                    list.remove(at);
                }
                1 => {
                    let twin = list[at].clone();
                    list.insert(at, twin);
                }
                _ => change(&mut list[at], random),
            }
        }
        // Templates write numbers as text and text as numbers.
        Value::String(text) if random.u8(..4) == 0 => {
            *value = text.parse().map_or(Value::Null, |number: f64| json!(number));
        }
        Value::Number(number) if random.u8(..4) == 0 => *value = json!(number.to_string()),
        _ => *value = odd(random),
    }
}

fn remove(members: &mut Map<String, Value>, at: usize) {
    if let Some(name) = members.keys().nth(at).cloned() {
        members.remove(&name);
    }
}

fn change_bytes(body: &mut Vec<u8>, random: &mut Rng) {
    const INSERTED: [&[u8]; 10] =
        [b"\\ud800", b"\\udc00\\ud800", b"\\u0000", b"\xff\xfe", b"\"", b"\\", b"NaN", b"1e999", b",,", b"[[[[[[[["];
    let at = random.usize(..=body.len());
    match random.u8(..6) {
        0 => body.truncate(at),
        1 if at < body.len() => body[at] ^= 1 << random.u8(..8),
        2 => {
            let end = random.usize(at..=body.len());
            body.drain(at..end);
        }
        3 => {
            let end = random.usize(at..=body.len());
            let twice = body[at..end].to_vec();
            body.splice(at..at, twice);
        }
        4 => {
            // Deeper than a recursive parser can go.
            let deep = ["[".repeat(5_000), "]".repeat(5_000)].concat();
            body.splice(at..at, deep.into_bytes());
        }
        _ => {
            body.splice(at..at, INSERTED[random.usize(..INSERTED.len())].iter().copied());
        }
    }
}
