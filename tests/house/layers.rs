//! Each layer of `shared` knows only those below it.

use crate::{
    assert_none,
    repository::{File, files},
    rust_code::{Token, is_name, tokens},
};

/// Modules of `shared` at one height.
struct Layer {
    modules: &'static [&'static str],
    knows: Knows,
    /// Why these modules are here.
    reason: &'static str,
}

/// What the modules of a layer may import from others.
enum Knows {
    /// Modules of lower layers, but not the modules beside it.
    Below,
    /// These modules only.
    Only(&'static [&'static str]),
}

/// From the ground up.
const LAYERS: [Layer; 10] = [
    Layer {
        modules: &["domain"],
        knows: Knows::Only(&[]),
        reason: "the nouns and their rules are pure: without I/O, clock and randomness",
    },
    Layer {
        modules: &["ids", "keys", "packing", "rules"],
        knows: Knows::Only(&["domain"]),
        reason: "formats of ids, keys, packed bodies and rules are about the nouns only",
    },
    Layer {
        modules: &["classification", "grouping", "identity", "listing", "sources"],
        knows: Knows::Below,
        reason: "pure decisions do not know each other, so each can be read and tested alone",
    },
    Layer {
        modules: &["config", "deadline"],
        knows: Knows::Only(&["domain"]),
        reason: "one place reads the environment; every layer above may ask it, and asks how much time is left",
    },
    Layer {
        modules: &["aws", "clock", "retry", "telemetry"],
        knows: Knows::Only(&["config", "deadline", "domain"]),
        reason: "the surroundings of a process know no decisions and no tables",
    },
    Layer {
        modules: &["fetch"],
        knows: Knows::Below,
        reason: "one place fetches documents over HTTPS, for the services above",
    },
    Layer {
        modules: &["certificates", "credentials", "issuer", "queue", "store"],
        knows: Knows::Below,
        reason: "each service is called in one place, which knows no use case",
    },
    Layer {
        modules: &["service"],
        knows: Knows::Below,
        reason: "use cases know nothing of HTTP, so that queues and tests can run them too",
    },
    Layer {
        modules: &["http"],
        knows: Knows::Below,
        reason: "only this layer turns requests and answers into use cases and back",
    },
    Layer {
        modules: &["function"],
        knows: Knows::Below,
        reason: "the harness of a function starts and runs everything else",
    },
];

/// A word that only some modules may mention, because they alone know what it stands for.
struct Confined {
    word: &'static str,
    modules: &'static [&'static str],
    reason: &'static str,
}

const CONFINED: [Confined; 3] = [
    Confined {
        word: "aws_sdk_dynamodb",
        modules: &["aws", "store"],
        reason: "only the store uses DynamoDB, so only it knows keys, conditions and capacity",
    },
    Confined { word: "StatusCode", modules: &["function", "http"], reason: "only HTTP has status codes" },
    Confined { word: "HeaderMap", modules: &["function", "http"], reason: "only HTTP has headers" },
];

/// A path in the code that leads to another module of `shared`.
#[derive(Debug, PartialEq, Eq)]
struct Import {
    /// The module below the root of `shared`.
    module: String,
    line: usize,
}

#[test]
fn no_module_imports_from_a_higher_layer_or_from_a_module_beside_it() {
    let mut violations = Vec::new();
    for file in files("shared/src", "rs") {
        let [own, ..] = &module_path(&file.path)[..] else { continue };
        for import in imports(&file) {
            if let Some(reason) = forbidden(own, &import.module) {
                violations.push(format!("{}:{}: {own} imports {}: {reason}", file.path, import.line, import.module));
            }
        }
    }
    violations.dedup();
    assert_none("Layers of shared: tests/house/layers.rs says who may know whom.", &violations);
}

#[test]
fn each_module_of_shared_is_in_one_layer() {
    let mut modules: Vec<String> =
        files("shared/src", "rs").iter().filter_map(|file| module_path(&file.path).into_iter().next()).collect();
    modules.dedup();
    let mut known: Vec<&str> = LAYERS.iter().flat_map(|layer| layer.modules).copied().collect();
    known.sort_unstable();
    assert_eq!(modules, known, "modules of shared, and those of tests/house/layers.rs");
}

#[test]
fn dynamodb_and_http_are_mentioned_only_where_they_belong() {
    let mut violations = Vec::new();
    for file in files("shared/src", "rs") {
        let [own, ..] = &module_path(&file.path)[..] else { continue };
        for token in tokens(&file.text) {
            let confined = CONFINED.iter().find(|confined| confined.word == token.text);
            if let Some(confined) = confined.filter(|confined| !confined.modules.contains(&own.as_str())) {
                let Confined { word, reason, .. } = confined;
                violations.push(format!("{}:{}: {own} mentions {word}: {reason}", file.path, token.line));
            }
        }
    }
    assert_none("Words that only some modules may mention.", &violations);
}

/// Why a module may not import another. `None` if it may.
fn forbidden(own: &str, other: &str) -> Option<String> {
    if own == other {
        return None;
    }
    let height = |module: &str| LAYERS.iter().position(|layer| layer.modules.contains(&module));
    let Some(own_height) = height(own) else { return Some(format!("{own} is in no layer")) };
    let Some(other_height) = height(other) else { return Some(format!("{other} is in no layer")) };
    let Layer { knows, reason, .. } = &LAYERS[own_height];
    let allowed = match knows {
        Knows::Below => other_height < own_height,
        Knows::Only(modules) => modules.contains(&other),
    };
    (!allowed).then(|| (*reason).to_owned())
}

/// The modules from the root of `shared` to a file: `shared/src/store/lists/read.rs` is store,
/// lists, read. The root itself has none.
fn module_path(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("shared/src/").trim_end_matches(".rs");
    let parts = path.split('/').filter(|part| !["lib", "mod"].contains(part));
    parts.map(str::to_owned).collect()
}

/// The paths of a file that begin with `crate::` or `super::` and lead to another module of the
/// root.
fn imports(file: &File) -> Vec<Import> {
    let tokens = tokens(&file.text);
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut imports = Vec::new();
    // The modules around a token; `None` for blocks that are no module.
    let mut blocks: Vec<Option<&str>> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" => blocks.push((at >= 2 && text(at - 2) == "mod").then(|| text(at - 1))),
            "}" => drop(blocks.pop()),
            "crate" if text(at + 1) == "::" => {
                imports.extend(heads(&tokens[at + 2..]));
            }
            "super" if text(at + 1) == "::" && (at == 0 || text(at - 1) != "::") => {
                let inner = blocks.iter().flatten().count();
                let mut left = module_path(&file.path).len() + inner;
                let mut after = at;
                while text(after) == "super" && text(after + 1) == "::" {
                    (left, after) = (left.saturating_sub(1), after + 2);
                }
                if left == 0 {
                    imports.extend(heads(&tokens[after..]));
                }
            }
            _ => {}
        }
    }
    imports
}

/// The first names of what follows `crate::`: one, or one for each item of a group.
fn heads(rest: &[Token]) -> Vec<Import> {
    let import = |token: &Token| Import { module: token.text.clone(), line: token.line };
    let Some(first) = rest.first() else { return Vec::new() };
    if first.text != "{" {
        return Some(first).filter(|first| is_name(first)).map(import).into_iter().collect();
    }
    let mut heads = Vec::new();
    let (mut depth, mut begins) = (0, false);
    for token in rest {
        match token.text.as_str() {
            "{" => (depth, begins) = (depth + 1, depth == 0),
            "}" if depth == 1 => break,
            "}" => depth -= 1,
            "," => begins = depth == 1,
            _ => {
                if begins && is_name(token) {
                    heads.push(import(token));
                }
                begins = false;
            }
        }
    }
    heads
}

#[test]
fn imports_are_read_from_groups_paths_and_inner_modules() {
    let text = "use crate::{\n    domain::{id::Id, time},\n    keys,\n};\nuse super::super::rules;\n\
        fn f() { crate::http::g(); } // crate::service\n\
        mod tests { use super::*; use super::super::super::store; use super::super::lists; }\npub(crate) struct A;";
    let file = File { path: "shared/src/store/lists.rs".to_owned(), text: text.to_owned() };
    let found: Vec<(String, usize)> = imports(&file).into_iter().map(|import| (import.module, import.line)).collect();
    let expected = [("domain", 2), ("keys", 3), ("rules", 5), ("http", 6), ("store", 7)];
    assert_eq!(found, expected.map(|(module, line)| (module.to_owned(), line)));
}

#[test]
fn an_import_may_go_down_but_neither_up_nor_aside() {
    assert_eq!(forbidden("http", "domain"), None);
    assert_eq!(forbidden("telemetry", "config"), None);
    assert!(forbidden("domain", "keys").is_some());
    assert!(forbidden("service", "http").is_some());
    assert!(forbidden("grouping", "sources").is_some());
    assert!(forbidden("clock", "rules").is_some());
}
