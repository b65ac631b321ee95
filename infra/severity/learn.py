#!/usr/bin/env python3
"""Learns how much each word of an alert speaks for a severity, and writes the table of weights.

    python3 infra/severity/learn.py rules.yml            # prints the evaluation
    python3 infra/severity/learn.py rules.yml --write    # and writes the table

`rules.yml` is the file `_data/rules.yml` of https://github.com/samber/awesome-prometheus-alerts
(CC BY 4.0, see NOTICE). It is not part of this repository. Needs Python 3 and PyYAML.

The model is complement naive Bayes (Rennie et al., 2003) over the distinct words of a rule's name
and description. It suits classes of very different size: 671 rules are warnings, 31 are infos.
The words are read as `shared/src/classification/words.rs` reads them; `words.tsv` holds examples
that both must agree on.
"""

import argparse
import math
import pathlib
import random
import re
from collections import Counter, namedtuple

import yaml

HERE = pathlib.Path(__file__).resolve().parent
STATEMENTS = HERE / "statements.tsv"
WORDS = HERE / "words.tsv"
TABLE = HERE.parents[1] / "shared" / "src" / "classification" / "weights.tsv"

CLASSES = ["critical", "warning", "info"]
DEFAULT = "warning"
# Laplace smoothing: each word counts once more than it was seen.
SMOOTHING = 1.0
FOLDS = 10
SEEDS = range(1, 6)
# A word from `statements.tsv` alone must stand in so many of its lines: one line is chance.
MIN_STATEMENTS = 2

Text = namedtuple("Text", "service text severity")

# --- Words ---------------------------------------------------------------------------------------

NEGATORS = {"no", "not", "never", "without", "cannot", "cant", "nor"}
# Words between a negator and what it negates: "could not yet be reached".
SKIPPED = set("a able an any are be been being is longer more the to yet".split())
# With these, `down` is no state: "scale down", "shut down", "slow down".
PHRASAL = set(
    "break breaking broke cool cooled cooling count counting drill drilling scale scaled scales "
    "scaling shut shuts shutting slow slowed slowing slows spin spinning tear tearing torn wind "
    "winding".split()
)
# Words that stand in every text. They would fill the reasons and say little.
STOP = set(
    "a an the is are of to in on for at by with and or it its it's this that they you your us we "
    "has have had be been was were as from here there than then may could can would should which "
    "when while if into".split()
)

# Words that tell the state of an alert are judged apart, in `state.rs`.
STATES = set("alert alerts firing fires recovered resolved restored triggered".split())

HYPHENS = str.maketrans({"\u2010": "-", "\u2011": "-", "\u2019": "'"})
TEMPLATE = re.compile(r"\{\{.*?\}\}", re.S)
# A word, or words joined by a hyphen, an underscore, an apostrophe or a dot: one word of its own.
TOKEN = re.compile(r"[^\W_]+(?:(?:[-'.]|_+)[^\W_]+)*|[^\w\s]")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
JOINERS = re.compile(r"[-_'.]")
BREAKS = set(".,;:!?()[]{}|\u2013\u2014")


def clauses(text):
    """The words in lower case, clause by clause."""
    found = [[]]
    for line in text.translate(HYPHENS).split("\n"):
        for chunk in line.split():
            if "://" in chunk or chunk.startswith("@"):
                continue
            for token in TOKEN.findall(chunk):
                if token in BREAKS or chunk == "-":
                    found.append([])
                elif token[0].isalnum():
                    is_joined = JOINERS.search(token)
                    parts = [token] if is_joined else CAMEL.split(token)
                    found[-1].extend(part.lower() for part in parts)
        found.append([])
    return [clause for clause in found if clause]


def words(text):
    """The distinct words that count: `not reachable` is one, `scale-down` is one."""
    found = []
    for clause in clauses(text):
        is_negated = False
        previous = ""
        for word in clause:
            if word in NEGATORS or word.endswith("n't"):
                is_negated = True
            elif not (is_negated and word in SKIPPED):
                if word == "down" and previous in PHRASAL:
                    found.pop()
                    word = f"{previous}-down"
                found.append(f"not {word}" if is_negated else word)
                is_negated = False
            previous = word
    return list(dict.fromkeys(found))


def counts(word):
    """Whether a word may be in the table: no number, no single letter, no word of the lists."""
    is_number = word[0].isdigit() and not re.fullmatch(r"\dxx", word)
    return len(word) > 1 and not is_number and word not in STOP | STATES


def check_words():
    """The examples that this file and the Rust code must read alike."""
    for line in WORDS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            text, expected = line.split("\t")
            got = ", ".join(words(text.replace("\\n", "\n")))
            assert got == expected, f"{text!r}: {got!r}, expected {expected!r}"


# --- Data ----------------------------------------------------------------------------------------


def read_rules(path):
    """The rules' names and descriptions. What templates insert is left out."""
    rules = []
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
        for service in group["services"]:
            for exporter in service["exporters"]:
                for rule in exporter.get("rules") or []:
                    text = TEMPLATE.sub(" ", f"{rule['name']}\n{rule['description']}")
                    rules.append(Text(service["name"], text, rule["severity"]))
    return rules


def read_statements():
    lines = STATEMENTS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [Text(None, text, severity) for severity, text in pairs]


# --- Model ---------------------------------------------------------------------------------------


def learn(rules, statements):
    """Tenths by word and class. A class's weight is the surprise that its complement holds."""
    seen = {severity: Counter() for severity in CLASSES}
    in_rules, in_statements = Counter(), Counter()
    for text in [*rules, *statements]:
        for word in filter(counts, words(text.text)):
            seen[text.severity][word] += 1
            (in_statements if text.service is None else in_rules)[word] += 1
    vocabulary = sorted(in_rules | +Counter(
        {word: n for word, n in in_statements.items() if n >= MIN_STATEMENTS}
    ))
    complement = {
        severity: {
            word: SMOOTHING + sum(seen[other][word] for other in CLASSES if other != severity)
            for word in vocabulary
        }
        for severity in CLASSES
    }
    total = {severity: sum(complement[severity].values()) for severity in CLASSES}
    weights = {}
    for word in vocabulary:
        raw = [-math.log(complement[severity][word] / total[severity]) for severity in CLASSES]
        mean = sum(raw) / len(raw)
        weights[word] = [round(10 * (weight - mean)) for weight in raw]
    # A word that speaks for nothing takes only room.
    return {word: weight for word, weight in weights.items() if any(weight)}


def predict(weights, text):
    """The class and its margin over the next."""
    sums = [0, 0, 0]
    for word in words(text):
        for index, weight in enumerate(weights.get(word, ())):
            sums[index] += weight
    best, second = sorted(sums, reverse=True)[:2]
    return CLASSES[sums.index(best)], (best - second) / 10


# --- Evaluation ----------------------------------------------------------------------------------

# The lists of words that the table replaced, for comparison.
LISTS = [
    ("critical", "outage|down|unavailable|unreachable|data loss|panic|oomkilled|out of memory|"
                 "out of disk"),
    ("critical", "errors?|failed|failing|failures?|exception|crash|crashed|timeouts?|5xx"),
    ("warning", "warning|slow|degraded|high|latency|lag|saturation|throttled|retrying|expires|"
                "expiring"),
    ("info", "info|notice|deployed|finished|completed|started|scheduled"),
]
OVER = "recovered|resolved|back up|back to normal|healthy again|no longer|restored"


def by_lists(text):
    for severity, terms in [("info", OVER), *LISTS]:
        if re.search(rf"(?<!\w)(?:{terms})(?!\w)", text.lower()):
            return severity
    return DEFAULT


def measure(pairs):
    """Accuracy and the mean of the classes' F1."""
    accuracy = sum(truth == got for truth, got in pairs) / len(pairs)
    scores = []
    for severity in CLASSES:
        hits = sum(truth == got == severity for truth, got in pairs)
        either = sum((truth == severity) + (got == severity) for truth, got in pairs)
        scores.append(2 * hits / either if either else 0.0)
    return accuracy, sum(scores) / len(scores), scores


def held_out(rules, statements):
    """(truth, class, margin) of each rule, by a model that saw no rule of the same service."""
    results = []
    services = sorted({rule.service for rule in rules})
    for seed in SEEDS:
        shuffled = services[:]
        random.Random(seed).shuffle(shuffled)
        fold_of = {service: index % FOLDS for index, service in enumerate(shuffled)}
        for fold in range(FOLDS):
            weights = learn([rule for rule in rules if fold_of[rule.service] != fold], statements)
            for rule in rules:
                if fold_of[rule.service] == fold:
                    results.append((rule.severity, *predict(weights, rule.text)))
    return results


def calibrate(results):
    """Intercept and slope of the logistic curve from margin to the share of right answers."""
    intercept, slope = 0.0, 0.0
    for _ in range(50):  # Newton's method
        gradient, hessian = [0.0, 0.0], [[1e-9, 0.0], [0.0, 1e-9]]
        for truth, got, margin in results:
            chance = 1 / (1 + math.exp(-(intercept + slope * margin)))
            error, spread = (truth == got) - chance, chance * (1 - chance)
            gradient[0] += error
            gradient[1] += error * margin
            hessian[0][0] += spread
            hessian[0][1] += spread * margin
            hessian[1][1] += spread * margin * margin
        determinant = hessian[0][0] * hessian[1][1] - hessian[0][1] ** 2
        intercept += (hessian[1][1] * gradient[0] - hessian[0][1] * gradient[1]) / determinant
        slope += (hessian[0][0] * gradient[1] - hessian[0][1] * gradient[0]) / determinant
    return intercept, slope


def show(name, pairs):
    accuracy, macro, scores = measure(pairs)
    each = ", ".join(f"{severity} {score:.2f}" for severity, score in zip(CLASSES, scores))
    print(f"{name:34} accuracy {accuracy:.3f}, macro-F1 {macro:.3f} (F1: {each})")


def evaluate(rules, statements):
    """Prints how good the model is; returns the curve and the margin that beats the default."""
    show("word lists", [(rule.severity, by_lists(rule.text)) for rule in rules])
    show(f"always {DEFAULT}", [(rule.severity, DEFAULT) for rule in rules])
    show("table, rules alone", [result[:2] for result in held_out(rules, [])])
    results = held_out(rules, statements)
    show("table, rules and statements", [result[:2] for result in results])
    intercept, slope = calibrate(results)
    base = sum(rule.severity == DEFAULT for rule in rules) / len(rules)
    least = math.ceil(10 * (math.log(base / (1 - base)) - intercept) / slope) / 10
    cut = [(truth, got if margin >= least else DEFAULT) for truth, got, margin in results]
    show(f"the same, {DEFAULT} below margin {least}", cut)
    print(f"default instead of the table: {sum(r[2] < least for r in results) / len(results):.0%}")
    ranked = sorted(results, key=lambda result: result[2])
    for part in range(5):
        fifth = ranked[part * len(ranked) // 5:(part + 1) * len(ranked) // 5]
        right = sum(truth == got for truth, got, _ in fifth) / len(fifth)
        print(f"  margin {fifth[0][2]:.1f} to {fifth[-1][2]:.1f}: {right:.2f} right")
    # `+ 0.0` makes no difference but to the sign of zero.
    return f"intercept {round(intercept, 2) + 0.0:.2f}, slope {slope:.2f}, least margin {least}"


def write(weights, curve):
    lines = [
        "# Weights of words for a severity, in tenths. Made by infra/severity/learn.py.",
        "# Learned from the alert rules of awesome-prometheus-alerts by Samuel Berthe and",
        "# contributors, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). See NOTICE.",
        f"# {curve}",
        f"# word\t{chr(9).join(CLASSES)}",
    ]
    lines += ["\t".join([word, *map(str, weight)]) for word, weight in sorted(weights.items())]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{TABLE.name}: {len(weights)} words, {TABLE.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rules", type=pathlib.Path, help="the file _data/rules.yml")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    arguments = parser.parse_args()
    check_words()
    rules, statements = read_rules(arguments.rules), read_statements()
    services = len({rule.service for rule in rules})
    print(f"{len(rules)} rules, {services} services; {FOLDS} folds, {len(SEEDS)} shuffles")
    curve = evaluate(rules, statements)
    print(curve)
    if arguments.write:
        write(learn(rules, statements), curve)


if __name__ == "__main__":
    main()
