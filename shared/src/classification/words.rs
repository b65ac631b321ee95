//! How a text is read: clauses and words.
//!
//! `infra/severity/learn.py` reads texts in the same way. The examples in
//! `infra/severity/words.tsv` keep the two in step: change both.

/// Words that negate the word behind them: `not reachable`.
const NEGATORS: &[&str] = &["no", "not", "never", "without", "cannot", "cant", "nor"];

/// Words between a negator and what it negates: `could not yet be reached`.
const SKIPPED: &[&str] =
    &["a", "able", "an", "any", "are", "be", "been", "being", "is", "longer", "more", "the", "to", "yet"];

/// With these, `down` is no state: `scale down`, `shut down`, `ScaleDown`.
const PHRASAL: &[&str] = &[
    "break", "breaking", "broke", "cool", "cooled", "cooling", "count", "counting", "drill", "drilling", "scale",
    "scaled", "scales", "scaling", "shut", "shuts", "shutting", "slow", "slowed", "slowing", "slows", "spin",
    "spinning", "tear", "tearing", "torn", "wind", "winding",
];

/// Characters that end a clause. A hyphen does so too if it stands alone.
const BREAKS: &[char] = &['.', ',', ';', ':', '!', '?', '(', ')', '[', ']', '{', '}', '|', '–', '—'];

/// Words between two marks of punctuation, in lower case.
#[derive(Debug, PartialEq, Eq)]
pub struct Clause {
    /// The mark before the words; a line begins with `\n`.
    pub start: char,
    /// The words; never none.
    pub words: Vec<String>,
    /// The mark behind the words; a line ends with `\n`.
    pub end: char,
}

/// The clauses of a text. Links and mentions (`@team`) are left out: their words say nothing.
///
/// A word that contains a hyphen, an underscore, an apostrophe or a dot is one word of its own:
/// neither `scale-down` nor `db_down` is `down`. `HostDown` is two words.
pub fn clauses(text: &str) -> Vec<Clause> {
    let mut reader = Reader { found: Vec::new(), start: '\n', words: Vec::new() };
    for line in text.lines() {
        for chunk in line.split_whitespace() {
            if chunk == "-" {
                reader.end_clause('-');
            } else if !chunk.contains("://") && !chunk.starts_with('@') {
                reader.read(&chunk.replace(['‐', '‑'], "-").replace('’', "'"));
            }
        }
        reader.end_clause('\n');
    }
    reader.found
}

struct Reader {
    found: Vec<Clause>,
    start: char,
    words: Vec<String>,
}

impl Reader {
    fn end_clause(&mut self, end: char) {
        if !self.words.is_empty() {
            self.found.push(Clause { start: self.start, words: std::mem::take(&mut self.words), end });
        }
        self.start = end;
    }

    fn read(&mut self, chunk: &str) {
        let mut rest = chunk;
        while let Some(character) = rest.chars().next() {
            let length = if character.is_alphanumeric() { word_length(rest) } else { character.len_utf8() };
            let (token, following) = rest.split_at(length);
            if character.is_alphanumeric() {
                self.words.extend(parts(token).map(str::to_lowercase));
            } else if BREAKS.contains(&character) {
                self.end_clause(character);
            }
            rest = following;
        }
    }
}

/// The length of the word with which a text begins, joined parts included.
fn word_length(text: &str) -> usize {
    let run = |text: &str, is_part: fn(char) -> bool| text.find(|c| !is_part(c)).unwrap_or(text.len());
    let mut length = 0;
    loop {
        length += run(&text[length..], char::is_alphanumeric);
        let rest = &text[length..];
        let joint = match rest.chars().next() {
            Some('-' | '\'' | '.') => 1,
            _ => run(rest, |c| c == '_'),
        };
        if joint == 0 || !rest[joint..].starts_with(char::is_alphanumeric) {
            return length;
        }
        length += joint;
    }
}

/// `HostOutOfMemory` in four, `OOMKilled` in two; a joined word whole.
fn parts(token: &str) -> impl Iterator<Item = &str> {
    let bytes = token.as_bytes();
    let is_joined = token.contains(['-', '_', '\'', '.']);
    let begins_part = move |at: usize| {
        let (before, here) = (bytes[at - 1], bytes[at]);
        let is_hump = before.is_ascii_lowercase() || before.is_ascii_digit();
        let ends_capitals = before.is_ascii_uppercase() && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        !is_joined && here.is_ascii_uppercase() && (is_hump || ends_capitals)
    };
    let mut from = 0;
    std::iter::from_fn(move || {
        let to = (from + 1..bytes.len()).find(|at| begins_part(*at)).unwrap_or(bytes.len());
        let part = token.get(from..to).filter(|part| !part.is_empty());
        from = to;
        part
    })
}

/// Whether a word negates the next.
pub fn is_negator(word: &str) -> bool {
    NEGATORS.contains(&word) || word.ends_with("n't")
}

/// Whether a word may stand between a negator and what it negates.
pub fn is_skipped(word: &str) -> bool {
    SKIPPED.contains(&word)
}

/// The words of a clause as they are weighed: `not reachable` is one, and so is `scaling-down`.
pub fn joined(clause: &Clause) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut is_negated = false;
    let mut previous = "";
    for word in &clause.words {
        if is_negator(word) {
            is_negated = true;
        } else if !(is_negated && is_skipped(word)) {
            let is_phrasal = word == "down" && PHRASAL.contains(&previous);
            let whole = match found.pop_if(|_| is_phrasal) {
                Some(_) => format!("{previous}-down"),
                None => word.clone(),
            };
            found.push(if is_negated { format!("not {whole}") } else { whole });
            is_negated = false;
        }
        previous = word;
    }
    found
}

/// Whether a text contains a term, in any case, as whole words.
pub fn contains(text: &str, term: &str) -> bool {
    let text = text.to_lowercase();
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(term).any(|(start, matched)| {
        let before = text[..start].chars().next_back();
        let after = text[start + matched.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_the_script_reads_them() {
        let examples = include_str!("../../../infra/severity/words.tsv").lines();
        for line in examples.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (text, expected) = line.split_once('\t').unwrap();
            let mut read: Vec<String> = Vec::new();
            for word in clauses(&text.replace("\\n", "\n")).iter().flat_map(joined) {
                if !read.contains(&word) {
                    read.push(word);
                }
            }
            assert_eq!(read.join(", "), expected, "{text}");
        }
    }

    #[test]
    fn clauses_know_the_marks_around_them() {
        let read = clauses("[P1] [Triggered on {host:a}] Is it up?\nNo");
        let marks: Vec<_> = read.iter().map(|clause| (clause.start, clause.words.join(" "), clause.end)).collect();
        let expected = [
            ('[', "p1", ']'),
            ('[', "triggered on", '{'),
            ('{', "host", ':'),
            (':', "a", '}'),
            (']', "is it up", '?'),
            ('\n', "no", '\n'),
        ];
        assert_eq!(marks, expected.map(|(start, words, end)| (start, words.to_owned(), end)));
    }

    #[test]
    fn terms_are_words() {
        assert!(contains("Ausfall: Checkout ist weg", "checkout"));
        assert!(!contains("Download finished", "down"));
    }
}
