//! Links between pages lead somewhere.

use std::{collections::BTreeMap, path::Path};

use crate::{
    assert_none,
    repository::{File, files, read, root},
};

#[test]
fn every_relative_link_and_anchor_leads_somewhere() {
    let pages = files("", "md");
    let anchors: BTreeMap<&str, Vec<String>> =
        pages.iter().map(|page| (page.path.as_str(), anchors(&page.text))).collect();
    let mut violations = Vec::new();
    for page in &pages {
        for (line, target) in links(&page.text) {
            if let Some(reason) = broken(&page.path, &target, &anchors) {
                violations.push(format!("{}:{line}: {target}: {reason}", page.path));
            }
        }
    }
    assert_none("Links that lead nowhere.", &violations);
}

/// CONTRIBUTING.md shows how to add a source and a route with these names, so their files are not
/// there.
const EXAMPLES: [&str; 2] = ["acme", "list_teams"];

#[test]
fn every_file_that_a_page_names_is_there() {
    let mut violations = Vec::new();
    for page in files("", "md") {
        for (line, path) in paths_in_code(&page.text) {
            // Pages about the code name files of `shared` without their root.
            let places = [path.clone(), resolved(&page.path, &path), format!("shared/src/{path}")];
            let is_there = places.iter().any(|path| root().join(path).exists());
            if !is_there && !EXAMPLES.iter().any(|example| path.contains(example)) {
                violations.push(format!("{}:{line}: there is no {path}", page.path));
            }
        }
    }
    assert_none("Files that are not there.", &violations);
}

/// Alarms and messages name pages, and runbooks on them.
#[test]
fn every_page_that_the_template_and_the_code_name_is_there() {
    let pages = files("", "md");
    let anchors: BTreeMap<&str, Vec<String>> =
        pages.iter().map(|page| (page.path.as_str(), anchors(&page.text))).collect();
    let mut violations = Vec::new();
    let sources: Vec<File> =
        ["template.yaml", "openapi.yaml"].map(read).into_iter().chain(files("shared/src", "rs")).collect();
    for source in &sources {
        for (line, target) in mentions(&source.text) {
            if let Some(reason) = broken("README.md", &target, &anchors) {
                violations.push(format!("{}:{line}: {target}: {reason}", source.path));
            }
        }
    }
    assert_none("Pages that are not there.", &violations);
}

/// Why a link of a page is broken. `None` if it is not, or leads to another site.
fn broken(page: &str, target: &str, anchors: &BTreeMap<&str, Vec<String>>) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let path = if path.is_empty() { page.to_owned() } else { resolved(page, path) };
    if !root().join(&path).exists() {
        return Some(format!("there is no {path}"));
    }
    // An anchor in a file that is no page is a line.
    let (anchor, known) = (anchor?, anchors.get(path.as_str())?);
    (!known.iter().any(|known| known == anchor)).then(|| format!("{path} has no heading #{anchor}"))
}

/// The path from the root to what a page links to.
fn resolved(page: &str, target: &str) -> String {
    let directory = Path::new(page).parent().unwrap_or(Path::new(""));
    let mut parts: Vec<&str> = directory.iter().filter_map(|part| part.to_str()).collect();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The lines of a page that are no code.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut is_code = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_code && !is_fence).then(|| {
            let outside_code = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
            (index + 1, outside_code)
        })
    })
}

/// The targets of `[text](target)` and `[name]: target`, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        for after in line.split("](").skip(1) {
            let target = after.split([')', ' ']).next().unwrap_or_default();
            links.push((number, target.to_owned()));
        }
        if let Some((_, target)) = line.split_once("]: ").filter(|_| line.starts_with('[')) {
            links.push((number, target.trim().to_owned()));
        }
    }
    links
}

/// The paths of files that a page names as code, with their lines: `tests/house/main.rs`.
fn paths_in_code(text: &str) -> Vec<(usize, String)> {
    const EXTENSIONS: [&str; 6] = [".json", ".md", ".rs", ".toml", ".tsv", ".yaml"];
    let is_path = |code: &&str| {
        let allowed = |character: char| character.is_alphanumeric() || "./_-".contains(character);
        code.contains('/') && code.chars().all(allowed) && EXTENSIONS.iter().any(|end| code.ends_with(end))
    };
    let mut is_code = false;
    let mut paths = Vec::new();
    for (index, line) in text.lines().enumerate() {
        is_code ^= line.trim_start().starts_with("```");
        if !is_code {
            let code = line.split('`').skip(1).step_by(2);
            paths.extend(code.filter(is_path).map(|path| (index + 1, path.to_owned())));
        }
    }
    paths
}

/// `docs/PAGE.md` and `docs/PAGE.md#anchor` in any text, with their lines.
fn mentions(text: &str) -> Vec<(usize, String)> {
    let ends = |character: char| !(character.is_alphanumeric() || "./#-_".contains(character));
    let lines = text.lines().enumerate();
    lines
        .flat_map(|(index, line)| {
            line.match_indices("docs/").map(move |(at, _)| {
                let target = line[at..].split(ends).next().unwrap_or_default();
                (index + 1, target.trim_end_matches(['.', '/', '-']).to_owned())
            })
        })
        .filter(|(_, target)| target.contains(".md"))
        .collect()
}

/// The anchors that GitHub gives to headings.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if is_code || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let kept = heading.trim().chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
        let slug = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let again = anchors.iter().filter(|known| **known == slug).count();
        anchors.push(if again == 0 { slug } else { format!("{slug}-{again}") });
    }
    anchors
}

#[test]
fn links_and_anchors_are_read_as_github_reads_them() {
    let page = "# One `two`: three\n## Again\n## Again\n```\n# no heading [x](y)\n```\n\
        [a](b.md#c) and [d](#e), `[f](g)`\n[h]: ../i.md\n`src/j.rs` k/l.rs `m/n`\n";
    assert_eq!(anchors(page), ["one-two-three", "again", "again-1"]);
    let targets: Vec<String> = links(page).into_iter().map(|(_, target)| target).collect();
    assert_eq!(targets, ["b.md#c", "#e", "../i.md"]);
    assert_eq!(paths_in_code(page), [(9, "src/j.rs".to_owned())]);
    assert_eq!(resolved("docs/API.md", "../openapi.yaml"), "openapi.yaml");
    assert_eq!(mentions("see docs/A.md#b-c.\nindocs"), [(1, "docs/A.md#b-c".to_owned())]);
}
