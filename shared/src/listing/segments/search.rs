//! Search: which words a row has, and which of them a query asks for.

/// How many words of a query count. Titles are short.
pub const MAX_QUERY_WORDS: usize = 16;

/// The words of some texts: in lower case, each once and sorted, with a blank before each. A word that begins with a
/// prefix is found by looking for a blank and the prefix.
///
/// ```
/// use shared::listing::segments::search;
///
/// assert_eq!(search::words(["Disk of web-1 is FULL", "web-1"]), " 1 disk full is of web");
/// ```
#[must_use]
pub fn words<'text>(texts: impl IntoIterator<Item = &'text str>) -> String {
    let mut words: Vec<String> = texts.into_iter().flat_map(split).collect();
    words.sort();
    words.dedup();
    words.iter().fold(String::new(), |all, word| all + " " + word)
}

/// The words of a query, each once. A row matches if each of them begins one of its words.
#[must_use]
pub fn query_words(query: &str) -> Vec<String> {
    let mut words = split(query);
    words.sort();
    words.dedup();
    // What another word of the query begins with is asked for anyway.
    let is_covered = |place: usize| words.get(place + 1).is_some_and(|next| next.starts_with(&words[place]));
    (0..words.len()).filter(|place| !is_covered(*place)).map(|place| words[place].clone()).collect()
}

/// Words are letters and digits, in lower case; everything else parts them.
fn split(text: &str) -> Vec<String> {
    // Character by character: a sigma is the same wherever in a word it stands.
    let lower: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(|character| if character == 'ς' { 'σ' } else { character })
        .collect();
    lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_found_by_their_beginnings_in_any_case_and_order() {
        let text = words(["Größe von disk_full: CPU@web-1"]);
        let finds = |query: &str| query_words(query).iter().all(|word| text.contains(&format!(" {word}")));
        assert!(finds("cpu") && finds("GRÖ") && finds("web full") && finds("1 dis") && finds("disk_f"));
        assert!(!finds("ull") && !finds("cpu mem") && !finds("webs"));
    }

    #[test]
    fn what_another_word_covers_is_not_asked_for() {
        assert_eq!(query_words("web we w Webs disk"), ["disk", "webs"]);
        assert!(query_words(" -- ").is_empty());
    }

    proptest! {
        #[test]
        fn a_text_is_found_by_any_prefix_of_any_word(texts in prop::collection::vec(".{0,20}", 0..4), cut in 1_usize..5) {
            let found = words(texts.iter().map(String::as_str));
            for word in texts.iter().flat_map(|text| split(text)) {
                let prefix: String = word.chars().take(cut).collect();
                let asked = query_words(&prefix);
                let is_found = asked.iter().all(|word| found.contains(&format!(" {word}")));
                prop_assert!(is_found, "{} in {}", prefix, found);
            }
        }
    }
}
