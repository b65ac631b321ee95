//! Markdown, as monitors write it, made into a text for people.

use super::text::without_emails;
use crate::domain::text::{TRUNCATED_SUFFIX, limits, truncated_to_chars};

/// Of a longer text only the beginning is read, in characters.
const MAX_READ: usize = 4 * limits::MESSAGE;

/// How often a text is cleaned: what is taken out may bring together what is to be taken out.
const MAX_PASSES: usize = 8;

/// The longest label of a link, in characters.
const MAX_LABEL: usize = 500;

/// What Datadog puts around Markdown.
const WRAPPER: &str = "%%%";

/// A link in Markdown, and what is around it.
struct Link<'text> {
    before: &'text str,
    label: &'text str,
    target: &'text str,
    after: &'text str,
}

/// A message without marks of Markdown, mentions, e-mail addresses and the footer of links. `None`
/// if nothing is left.
///
/// A link becomes its label. If it leads out of the source's own system, as to a runbook, its
/// target stands behind the label.
pub fn message(markdown: &str) -> Option<String> {
    let read: String = markdown.chars().take(MAX_READ).collect();
    let mut text = read.replace("\r\n", "\n");
    for _ in 0..MAX_PASSES {
        let cleaned = without_emails(&block(&text));
        if cleaned == text {
            break;
        }
        text = cleaned;
    }
    if markdown.chars().nth(MAX_READ).is_some() {
        text += TRUNCATED_SUFFIX;
    }
    (!text.is_empty()).then(|| truncated_to_chars(&text, limits::MESSAGE))
}

/// One line without marks of Markdown.
pub fn line(markdown: &str) -> String {
    let mut text = markdown.to_owned();
    for _ in 0..MAX_PASSES {
        let cleaned = unmarked(&text, |_| false).trim().to_owned();
        if cleaned == text {
            break;
        }
        text = cleaned;
    }
    text
}

/// The link to the monitor in a message: the target of `Monitor Status`, else of a link whose path
/// says so.
pub fn monitor_link(markdown: &str) -> Option<String> {
    let read: String = markdown.chars().take(MAX_READ).collect();
    let mut targets = Vec::new();
    let mut rest = read.as_str();
    while let Some(link) = first_link(rest) {
        targets.push((link.label.to_lowercase(), link.target));
        rest = link.after;
    }
    let bare = read.split(|character: char| character.is_whitespace() || matches!(character, '(' | ')' | '<' | '>'));
    let bare = bare.filter(|word| is_url(word)).map(|url| (String::new(), url.trim_end_matches(['.', ',', ';'])));
    let found: Vec<(String, &str)> = targets.into_iter().chain(bare).collect();
    let labelled = found.iter().find(|(label, _)| label.contains("monitor status"));
    let leads_to_monitor = |target: &str| target.contains("/monitors") && !target.contains("/edit");
    let (_, target) = labelled.or_else(|| found.iter().find(|(_, target)| leads_to_monitor(target)))?;
    super::text::link(target)
}

fn block(text: &str) -> String {
    let mut cleaned: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            cleaned.push(String::new());
        } else {
            let line = clean(line);
            if !line.is_empty() {
                cleaned.push(line);
            }
        }
    }
    // One empty line separates paragraphs, however many there were.
    cleaned.dedup_by(|line, before| line.is_empty() && before.is_empty());
    cleaned.join("\n").trim().to_owned()
}

/// A line of a message; empty if there is nothing for people in it.
fn clean(line: &str) -> String {
    let is_fence = |line: &str| line.strip_prefix("```").is_some_and(|language| !language.contains(['`', ' ']));
    let is_rule = |mark: char| line.matches(mark).count() >= 3 && line.chars().all(|c| c == mark || c == ' ');
    if is_footer(line) || is_fence(line.trim()) || ['-', '*', '_', '='].into_iter().any(is_rule) {
        return String::new();
    }
    let line = without_mentions(line);
    let line = line.trim_start_matches(['>', ' ']);
    let line = line.trim_start_matches('#').strip_prefix(' ').unwrap_or(line);
    let text = unmarked(line, |target| !is_own(target)).trim().to_owned();
    // A link of the source's own alone on a line is in the field `link`, or of no use for long.
    if is_url(&text) && is_own(&text) { String::new() } else { text }
}

/// A line of nothing but links: Datadog's footer `[[Monitor Status](…)] · [[Edit Monitor](…)]`, which
/// it may have cut, or one link of its own. One that leads elsewhere, as to a runbook, is no footer.
fn is_footer(line: &str) -> bool {
    let line = line.trim();
    let (mut links, mut are_own, mut rest, mut text) = (0, true, line, String::new());
    while let Some(link) = first_link(rest) {
        links += 1;
        are_own &= is_own(link.target);
        text += link.before;
        rest = link.after;
    }
    if links > 0 && (links > 1 || are_own) && !(text + rest).contains(char::is_alphanumeric) {
        return true;
    }
    (are_own && line.starts_with("[[") && line.contains("](http"))
        || ["Monitor Status", "Edit Monitor"].iter().all(|it| line.contains(it))
}

/// The line without words such as `@webhook-incidents` and `@jane@example.com`. What follows an `@`
/// and names a value, as in the query `@duration:>5`, is no mention.
fn without_mentions(line: &str) -> String {
    let is_mention = |word: &&str| {
        let word =
            word.trim_matches(|character: char| matches!(character, ',' | ';' | '.' | ':' | '(' | ')' | '!' | '?'));
        word.strip_prefix('@').is_some_and(|handle| {
            let is_handle = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | '.' | '@');
            handle.starts_with(char::is_alphanumeric) && handle.chars().all(is_handle)
        })
    };
    if !line.split(' ').any(|word| is_mention(&word)) {
        return line.to_owned();
    }
    line.split(' ').filter(|word| !is_mention(word)).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// The text without marks within a line. A link becomes its label, and its target where that is shown.
fn unmarked(text: &str, is_shown: impl Fn(&str) -> bool) -> String {
    let text = text.replace(WRAPPER, "");
    let (mut cleaned, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some(Link { before, label, target, after }) = first_link(rest) {
        if let Some(before) = before.strip_suffix('!') {
            cleaned += before;
        } else {
            cleaned.extend([before, label]);
            if is_shown(target) && !label.is_empty() && label != target {
                cleaned.extend([" (", target, ")"]);
            }
        }
        rest = after;
    }
    cleaned += rest;
    let cleaned = without_pairs(&cleaned.replace('`', ""), "**");
    unwrapped(cleaned.trim()).map_or_else(|| cleaned.clone(), str::to_owned)
}

/// The inner of a line that stands in single marks as a whole, as chats write bold: `*Disk is full*`.
fn unwrapped(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('*')?.strip_suffix('*')?;
    (!inner.is_empty() && inner.trim() == inner && !inner.contains('*')).then_some(inner)
}

/// The text without pairs of a mark that stand around something: `**5** events`.
fn without_pairs(text: &str, mark: &str) -> String {
    let (mut cleaned, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, following)) = rest.split_once(mark) {
        cleaned += before;
        match following.split_once(mark) {
            Some((inner, after)) if !inner.is_empty() && inner.trim() == inner => {
                cleaned += inner;
                rest = after;
            }
            _ => {
                cleaned += mark;
                rest = following;
            }
        }
    }
    cleaned + rest
}

/// The first link whose target is a URL.
fn first_link(text: &str) -> Option<Link<'_>> {
    let links = [bracketed_link(text), angled_link(text)].into_iter().flatten();
    links.min_by_key(|link| link.before.len())
}

/// A link as chats write it: `<target|label>`.
fn angled_link(text: &str) -> Option<Link<'_>> {
    text.match_indices("<http").find_map(|(at, _)| {
        let (inner, after) = text[at + 1..].split_once('>')?;
        let (target, label) = inner.split_once('|')?;
        is_url(target).then_some(Link { before: &text[..at], label, target, after })
    })
}

/// `[label](target)`. Labels may hold brackets, targets parentheses.
fn bracketed_link(text: &str) -> Option<Link<'_>> {
    for (middle, joint) in text.match_indices("](") {
        let (label_end, target_start) = (middle, middle + joint.len());
        let Some(label_start) = opening(&text[..label_end]) else { continue };
        let Some(length) = closing(&text[target_start..]) else { continue };
        let target = &text[target_start..target_start + length];
        // A title may follow the target: `(https://… "Runbook")`.
        let target = target.split(' ').next().unwrap_or_default();
        if is_url(target) {
            return Some(Link {
                before: &text[..label_start],
                label: &text[label_start + 1..label_end],
                target,
                after: &text[target_start + length + 1..],
            });
        }
    }
    None
}

/// Where the bracket opens that closes behind the text.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices().rev().take(MAX_LABEL).find_map(|(at, character)| {
        match character {
            ']' => depth += 1,
            '[' if depth == 0 => return Some(at),
            '[' => depth -= 1,
            _ => {}
        }
        None
    })
}

/// Where the parenthesis closes that opened before the text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices().take(limits::LINK).find_map(|(at, character)| {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(at),
            ')' => depth -= 1,
            _ => {}
        }
        None
    })
}

fn is_url(text: &str) -> bool {
    (text.starts_with("http://") || text.starts_with("https://")) && !text.contains(' ')
}

/// Whether a link leads into Datadog.
fn is_own(url: &str) -> bool {
    let host = url.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#', ':']).next()).unwrap_or_default();
    ["datadoghq.com", "datadoghq.eu", "ddog-gov.com"]
        .iter()
        .any(|own| host.strip_suffix(own).is_some_and(|before| before.is_empty() || before.ends_with('.')))
}

#[cfg(test)]
mod tests;
