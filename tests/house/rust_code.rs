//! Rust code as text: without comments and literals, and as tokens.

/// The code with blanks instead of comments, texts and characters. Lines stay where they are.
pub fn code(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let end = end_of_blank(&characters, at);
        if end == at {
            code.push(characters[at]);
            at += 1;
        } else {
            code.extend(characters[at..end].iter().map(|character| if *character == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// Where the comment or the literal that begins here ends. `at` if none begins here.
fn end_of_blank(characters: &[char], at: usize) -> usize {
    let rest = &characters[at..];
    let follows_a_word = at > 0 && is_word(characters[at - 1]);
    match rest {
        ['/', '/', ..] => at + rest.iter().position(|character| *character == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => at + end_of_comment(rest),
        ['"', ..] => at + end_of_text(rest, '"'),
        ['\'', '\\', ..] | ['\'', _, '\'', ..] => at + end_of_text(rest, '\''),
        ['r', ..] | ['b' | 'c', 'r', ..] if !follows_a_word => at + end_of_raw_text(rest),
        _ => at,
    }
}

/// Comments nest.
fn end_of_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] if depth == 1 => return at + 2,
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

fn end_of_text(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    rest.len().min(at + 1)
}

/// `r"…"`, `br#"…"#`. 0 if it is a word instead.
fn end_of_raw_text(rest: &[char]) -> usize {
    let prefix = rest.iter().position(|character| *character == 'r').unwrap_or_default() + 1;
    let hashes = rest[prefix..].iter().take_while(|character| **character == '#').count();
    if rest.get(prefix + hashes) != Some(&'"') {
        return 0;
    }
    let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = prefix + hashes + 1;
    let end = rest[body..].windows(closing.len()).position(|window| window == closing);
    end.map_or(rest.len(), |end| body + end + closing.len())
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// A word or a sign of the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    /// From 1.
    pub line: usize,
}

/// The words, each `::`, and all other signs by themselves.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (index, line) in code(text).lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) {
                rest.find(|character| !is_word(character)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            tokens.push(Token { text: rest[..length].to_owned(), line: index + 1 });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// Whether a token is a word: a name, a keyword or a number.
pub fn is_name(token: &Token) -> bool {
    token.text.chars().all(is_word)
}

#[test]
fn comments_and_literals_are_no_code() {
    let text = "let a = \"vendor \\\" {\"; // vendor\nlet b = 'v'; /* a /* b */ c */ let c: &'static str = r#\"vendor \" \"#;\nbr\"x\"";
    let words: Vec<String> = tokens(text).into_iter().filter(is_name).map(|token| token.text).collect();
    assert_eq!(words, ["let", "a", "let", "b", "let", "c", "static", "str"]);
    assert_eq!(code(text).lines().count(), 3);
}
