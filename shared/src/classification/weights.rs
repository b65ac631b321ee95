//! How much the words of a text speak for a severity.
//!
//! The weights are learned from public alert rules: see `infra/severity/learn.py` and `NOTICE`.
//! With whole services held out, the table is right for 70 % of the rules (macro-F1 0.57); the
//! lists of words that it replaced were right for 64 % (0.42). The script prints these figures.

use std::{collections::HashMap, sync::LazyLock};

use super::words::{Clause, joined};
use crate::domain::severity::Severity;

/// The least margin, in tenths, at which the table decides.
///
/// At a smaller one its answer is right less often than the default `warning`, which 58 % of the
/// rules have. `learn.py` computes it.
pub const MIN_MARGIN: i32 = 7;

/// The logistic curve from margin to the share of right answers, fitted by `learn.py` to the rules
/// of held-out services.
const INTERCEPT: f64 = 0.0;
const SLOPE: f64 = 0.48;

/// No margin is surer than this: of the fifth with the largest margins, 87 % are right.
const MAX_CONFIDENCE: f64 = 0.87;

/// How many words a reason names.
const MAX_NAMED: usize = 5;

/// The rules know three classes. What is `error` here is decided elsewhere.
const CLASSES: [Severity; 3] = [Severity::Critical, Severity::Warning, Severity::Info];

/// Weights by word and class, in tenths.
static TABLE: LazyLock<HashMap<&'static str, [i32; 3]>> =
    LazyLock::new(|| include_str!("weights.tsv").lines().filter_map(row).collect());

fn row(line: &'static str) -> Option<(&'static str, [i32; 3])> {
    let mut fields = line.split('\t');
    let word = fields.next()?;
    let mut weight = || fields.next()?.parse().ok();
    Some((word, [weight()?, weight()?, weight()?]))
}

/// What the words of a text say together.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The severity for which they speak most.
    pub severity: Severity,
    /// By how much more than for the next one, in tenths.
    pub margin: i32,
    /// The words and what each adds to the margin, in tenths, the weightiest first.
    pub words: Vec<Weighed>,
}

/// A word and what it adds to the margin.
#[derive(Debug, PartialEq, Eq)]
pub struct Weighed {
    /// As it is in the table.
    pub word: &'static str,
    /// In tenths; below zero if it speaks for the next severity.
    pub tenths: i32,
}

/// Weighs the words of a text, each once; nothing if no word is in the table.
pub fn weigh<'text>(clauses: impl IntoIterator<Item = &'text Clause>) -> Option<Verdict> {
    let mut known: Vec<(&'static str, [i32; 3])> = Vec::new();
    for word in clauses.into_iter().flat_map(joined) {
        if let Some((word, weights)) = TABLE.get_key_value(word.as_str())
            && !known.iter().any(|(seen, _)| seen == word)
        {
            known.push((word, *weights));
        }
    }
    if known.is_empty() {
        return None;
    }
    let sum = |class: usize| known.iter().map(|(_, weights)| weights[class]).sum::<i32>();
    let mut ranked = [0, 1, 2].map(|class| (class, sum(class)));
    // Stable: of equal classes the worse one stays first.
    ranked.sort_by_key(|(_, sum)| -sum);
    let [(best, highest), (next, second), _] = ranked;
    let mut words: Vec<Weighed> = known
        .into_iter()
        .map(|(word, weights)| Weighed { word, tenths: weights[best] - weights[next] })
        .filter(|weighed| weighed.tenths != 0)
        .collect();
    words.sort_by_key(|weighed| -weighed.tenths.abs());
    Some(Verdict { severity: CLASSES[best], margin: highest - second, words })
}

impl Verdict {
    /// Whether the margin is large enough to decide.
    pub const fn is_clear(&self) -> bool {
        self.margin >= MIN_MARGIN
    }

    /// How likely the severity is right, 0 to 1.
    pub fn confidence(&self) -> f64 {
        let chance = 1.0 / (1.0 + (-(INTERCEPT + SLOPE * f64::from(self.margin) / 10.0)).exp());
        (chance.min(MAX_CONFIDENCE) * 100.0).round() / 100.0
    }

    /// The weightiest words: `down +1.2, replica −0.4`.
    pub fn reason(&self) -> String {
        let named = self.words.iter().take(MAX_NAMED);
        named.map(|weighed| format!("{} {}", weighed.word, signed(weighed.tenths))).collect::<Vec<_>>().join(", ")
    }
}

/// Tenths as a decimal number with its sign.
fn signed(tenths: i32) -> String {
    let sign = if tenths < 0 { '\u{2212}' } else { '+' };
    format!("{sign}{}", decimal(tenths.abs()))
}

/// Tenths, not below zero, as a decimal number.
pub fn decimal(tenths: i32) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::{super::words::clauses, *};

    fn verdict(text: &str) -> Verdict {
        weigh(&clauses(text)).unwrap()
    }

    #[test]
    fn every_row_of_the_table_is_read() {
        let table = include_str!("weights.tsv");
        assert_eq!(TABLE.len(), table.lines().filter(|line| !line.starts_with('#')).count());
        assert!((1_500..2_500).contains(&TABLE.len()), "{}", TABLE.len());
        assert!(table.len() < 40_000, "it becomes part of the function's binary");
        let bound = |weights: &[i32; 3]| weights.iter().sum::<i32>().abs() <= 2;
        assert!(TABLE.values().all(bound), "the weights of a word are centred");
    }

    #[test]
    fn the_curve_is_the_one_that_was_fitted_with_the_table() {
        let curve = format!("# intercept {INTERCEPT:.2}, slope {SLOPE:.2}, least margin {}", decimal(MIN_MARGIN));
        assert!(include_str!("weights.tsv").lines().any(|line| line == curve), "{curve}");
    }

    #[test]
    fn a_word_counts_once_and_a_reason_has_signs() {
        assert_eq!(verdict("down down DOWN"), verdict("Down"));
        let Verdict { severity, words, .. } = verdict("The replica is not slow but down, latency");
        assert_eq!(severity, Severity::Critical);
        assert!(words.iter().is_sorted_by_key(|weighed| -weighed.tenths.abs()));
        let reason = verdict("slow down-time: replica").reason();
        assert!(reason.contains("slow +") && reason.contains("replica \u{2212}"), "{reason}");
        assert_eq!(signed(-4), "\u{2212}0.4");
        assert_eq!(signed(12), "+1.2");
    }

    #[test]
    fn confidence_grows_with_the_margin_and_has_a_bound() {
        let at = |margin| Verdict { severity: Severity::Info, margin, words: Vec::new() }.confidence();
        assert!((0..200).all(|margin| at(margin) <= at(margin + 1)));
        assert!(at(MIN_MARGIN) > 0.55 && at(1_000) <= MAX_CONFIDENCE);
    }

    #[test]
    fn what_has_no_known_word_has_no_verdict() {
        for text in ["", "???", "zzyzx quux", "Zahlungsübersicht fällt aus", "\u{1F525}\u{1F525}", "1234 56"] {
            assert_eq!(weigh(&clauses(text)), None, "{text}");
        }
    }
}
