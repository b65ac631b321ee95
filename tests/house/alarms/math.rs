//! The part of CloudWatch's metric math that the alarms use (Amazon CloudWatch User Guide, "Using
//! math expressions with CloudWatch metrics").

use std::collections::BTreeMap;

/// The value of an expression. Where a series has no data point, neither has arithmetic with it. A
/// sum over all metrics leaves it out.
pub fn evaluate(expression: &str, points: &BTreeMap<&str, Option<f64>>) -> Option<f64> {
    let mut parser = Parser { tokens: tokens(expression), at: 0, points };
    let value = parser.alternatives();
    assert_eq!(parser.at, parser.tokens.len(), "{expression}: not understood");
    value
}

fn tokens(expression: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '.';
    for character in expression.chars() {
        match tokens.last_mut() {
            Some(last) if is_word(character) && last.chars().all(is_word) => last.push(character),
            Some(last) if character == '=' && [">", "<", "="].contains(&last.as_str()) => last.push('='),
            _ => tokens.push(character.to_string()),
        }
    }
    tokens.retain(|token| !token.trim().is_empty());
    tokens
}

struct Parser<'a> {
    tokens: Vec<String>,
    at: usize,
    points: &'a BTreeMap<&'a str, Option<f64>>,
}

impl Parser<'_> {
    fn next_is(&mut self, candidates: &[&str]) -> Option<String> {
        let token = self.tokens.get(self.at).filter(|token| candidates.contains(&token.as_str()))?.clone();
        self.at += 1;
        Some(token)
    }

    fn expect(&mut self, token: &str) {
        assert!(self.next_is(&[token]).is_some(), "{token} is missing in {:?}", self.tokens);
    }

    fn binary(
        &mut self,
        operators: &[&str],
        part: impl Fn(&mut Self) -> Option<f64>,
        apply: impl Fn(&str, f64, f64) -> f64,
    ) -> Option<f64> {
        let mut value = part(self);
        while let Some(operator) = self.next_is(operators) {
            let right = part(self);
            value = value.zip(right).map(|(left, right)| apply(&operator, left, right));
        }
        value
    }

    fn alternatives(&mut self) -> Option<f64> {
        self.binary(&["OR"], Self::conjunction, |_, left, right| truth(left != 0.0 || right != 0.0))
    }

    fn conjunction(&mut self) -> Option<f64> {
        self.binary(&["AND"], Self::comparison, |_, left, right| truth(left != 0.0 && right != 0.0))
    }

    fn comparison(&mut self) -> Option<f64> {
        self.binary(&[">", "<", ">=", "<="], Self::sum, |operator, left, right| {
            truth(match operator {
                ">" => left > right,
                "<" => left < right,
                ">=" => left >= right,
                _ => left <= right,
            })
        })
    }

    fn sum(&mut self) -> Option<f64> {
        self.binary(
            &["+", "-"],
            Self::product,
            |operator, left, right| {
                if operator == "+" { left + right } else { left - right }
            },
        )
    }

    fn product(&mut self) -> Option<f64> {
        self.binary(
            &["*", "/"],
            Self::operand,
            |operator, left, right| {
                if operator == "*" { left * right } else { left / right }
            },
        )
    }

    fn operand(&mut self) -> Option<f64> {
        let token = self.tokens.get(self.at).cloned().expect("an operand");
        self.at += 1;
        match token.as_str() {
            "(" => {
                let value = self.alternatives();
                self.expect(")");
                value
            }
            "IF" => {
                self.expect("(");
                let condition = self.alternatives();
                self.expect(",");
                let then = self.alternatives();
                self.expect(",");
                let or_else = self.alternatives();
                self.expect(")");
                condition.and_then(|condition| if condition == 0.0 { or_else } else { then })
            }
            "SUM" => {
                for token in ["(", "METRICS", "(", ")", ")"] {
                    self.expect(token);
                }
                let present: Vec<f64> = self.points.values().flatten().copied().collect();
                (!present.is_empty()).then(|| present.iter().sum())
            }
            name => match name.parse() {
                Ok(number) => Some(number),
                Err(_) => *self.points.get(name).unwrap_or_else(|| panic!("there is no metric {name}")),
            },
        }
    }
}

fn truth(is_true: bool) -> f64 {
    f64::from(u8::from(is_true))
}

#[test]
fn arithmetic_needs_all_points_and_a_sum_over_all_metrics_does_not() {
    let points = [("a", Some(3.0)), ("b", Some(40.0)), ("gone", None)].into();
    let value = |expression| evaluate(expression, &points);
    assert_eq!(value("a + b * 2 - 1"), Some(82.0));
    assert_eq!(value("(a + b) * 2"), Some(86.0));
    assert_eq!(value("a + gone"), None);
    assert_eq!(value("SUM(METRICS())"), Some(43.0));
    assert_eq!(value("IF(a > 2 AND 20 * a > b, a, 0)"), Some(3.0));
    assert_eq!(value("IF(a > 3 OR b <= 39, a, 0)"), Some(0.0));
    assert_eq!(value("IF(gone >= 1, 1, 0)"), None);
}
