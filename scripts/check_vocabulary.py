"""Hold the project's vocabulary: one word for one thing, and docstrings that begin with what is done.

Run: python scripts/check_vocabulary.py [--summary] [PATH...]
Without paths it checks models, streams and tests. The exit code is 1 if anything is found.

- A *name* (module, class, function, parameter, attribute, variable) has no retired word: docs/glossary.md
  defines the words to use.
- A *docstring* begins with a verb of the field, and has at least three words (tests and overrides excepted).
- A *test* is named by subject, condition and result, in at most 60 characters.
"""

import argparse
import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DEFAULT_PATHS = ("models", "streams", "tests")
LONGEST_TEST_NAME = 60
FEWEST_DOCSTRING_WORDS = 3


class Retired(NamedTuple):
    """A word that names no longer contain.

    Attributes:
        words: the retired words, each an alternative.
        use: what a name says instead.
        allowed: phrases, in snake case, in which the word means something else.
    """

    words: str
    use: str
    allowed: str = ""


#: The words of a name are compared, in lower case: `_OldLetters` has `old` and `letters`.
RETIRED = [
    Retired("ledger books", "updates"),
    Retired("correspondence correspond correspondents", "cross_partition, links, linked_customers"),
    Retired("journal", "fact_log"),
    Retired("letter letters", "message", "dead_letter dead_letters"),
    Retired("said say saying sayings unsaid", "emitted, emit, due_for_output (log, for log lines)"),
    Retired("told tell tells", "notified, notify, published, sent"),
    Retired("speaker speech", "emitter, emit_result"),
    Retired("news", "emitter"),
    Retired("desk", "schedule", "support_desk"),
    Retired("course courses", "lifecycle_history, lifecycle_replay"),
    Retired("moves", "order_changes"),
    Retired("standing standings", "status"),
    Retired("pulse beat beats", "worker_stats, sample"),
    Retired("vault", "erased_ids"),
    Retired("account accounts", "customer, customer_cache", "service_account"),
    Retired("population", "partition_customers, customers"),
    Retired("waiting_room", "future_facts"),
    Retired("announcer", "output_publisher"),
    Retired("rewound rewind rewinds", "reprocessing, reprocess_id"),
    Retired("practice", "action_policy"),
    Retired("alone", "standalone"),
    Retired("points", "delta, aggregator"),
    Retired("feeders", "pre_evaluate_hooks"),
    Retired("spell spells piece pieces crossing crossings", "interval, overlap"),
    Retired("gap gaps", "order_gap", "add_gap order_gap order_gaps typical_gap typical_gaps"),
    Retired("met meet meets meeting encounter encounters", "exposure"),
    Retired("causes", "action_candidates, action_rules"),
    Retired("marks", "archived_targets, fingerprints", "pytest_marks"),
    Retired("note noted notes", "output_state"),
    Retired("outdone", "superseded", "outdone_by"),
    Retired("verdict", "explanation"),
    Retired("maker makers hopeful careful hoped", "event_builder, fast_path, slow_path"),
    Retired("examination examine", "dry_run"),
    Retired("tied", "die_with_parent"),
    Retired("torn spool", "unreadable_row, run_file"),
    Retired("loose", "customer_facts"),
    Retired("heeds", "tracks_cart"),
    Retired("nobodys", "without_customer"),
    Retired("hop hops rerouted", "repartition"),
    Retired("absorb absorbs", "bootstrap"),
    Retired("birth", "first_event"),
    Retired("refusals listings", "problems, endpoints"),
    Retired("tellers whoever somebody nobody everybody", "the customer, worker or record that is meant"),
    Retired(
        "asked asker askers", "request, query, client, expected", "asked_for_review asked_again when_asked"
    ),
    Retired("homeless", "without_profile"),
]

#: Docstrings do not begin with these verbs; what to write instead.
OPENINGS = {
    "Give": "Return, Yield",
    "Gives": "Return, Yield",
    "Say": "Emit, Log, Return",
    "Says": "Emit, Log, Return",
    "Tell": "Notify, Send, Return",
    "Tells": "Notify, Send, Return",
    "Let": "the verb itself",
    "Have": "the verb itself",
}


class Violation(NamedTuple):
    """One thing to change, and where it is."""

    path: Path
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        """As compilers write it, so that editors find the place."""
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.text}"


def snake_case(name: str) -> str:
    """Return a name in lower case, its words separated by underscores."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower().strip("_")


def _pattern(words: str) -> re.Pattern[str]:
    alternatives = "|".join(sorted(words.split(), key=len, reverse=True))
    return re.compile(rf"(?<![a-z])(?:{alternatives})(?![a-z])")


_PATTERNS = [(_pattern(one.words), _pattern(one.allowed or "-"), one) for one in RETIRED]


def retired_words(name: str) -> Iterator[tuple[str, Retired]]:
    """Yield the retired words that a name contains."""
    words = snake_case(name)
    for retired, allowed, entry in _PATTERNS:
        for found in sorted(set(retired.findall(allowed.sub("", words)))):
            yield found, entry


def named(node: ast.AST) -> str | None:
    """Return the name that a node of the syntax tree defines, if it defines one."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            return name
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            return name
        case ast.alias(asname=str(name)):
            return name
    return None


def check_names(path: Path, tree: ast.Module) -> Iterator[Violation]:
    """Yield the names of a module that contain a retired word, its own name first."""
    names = [(path.parent.name if path.stem == "__init__" else path.stem, 1)]
    names += [(name, getattr(node, "lineno", 1)) for node in ast.walk(tree) if (name := named(node))]
    for name, line in dict.fromkeys(names):
        for word, entry in retired_words(name):
            yield Violation(path, line, "name", f"`{name}`: not `{word}`, but {entry.use}")


def _is_override(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any("override" in ast.unparse(one) for one in decorators)


def check_docstrings(path: Path, tree: ast.Module) -> Iterator[Violation]:
    """Yield docstrings that begin with a retired verb, or are too short to say anything."""
    in_tests = path.relative_to(ROOT).parts[0] == "tests"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not (text := ast.get_docstring(node)):
            continue
        line, words = node.body[0].lineno, text.split()
        if (opening := words[0].strip(",.:")) in OPENINGS:
            yield Violation(
                path, line, "docstring", f"not `{opening} …`, but {OPENINGS[opening]}: {text[:60]!r}"
            )
        if len(words) < FEWEST_DOCSTRING_WORDS and not in_tests and not _is_override(node):
            yield Violation(path, line, "docstring", f"a docstring that says too little: {text!r}")


def check_test_names(path: Path, tree: ast.Module) -> Iterator[Violation]:
    """Yield the names of tests that are too long."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
            continue
        if (length := len(node.name)) > LONGEST_TEST_NAME:
            text = f"`{node.name}` has {length} characters; at most {LONGEST_TEST_NAME}"
            yield Violation(path, node.lineno, "test name", text)


def check_file(path: Path) -> list[Violation]:
    """Return what is to change in a file, in the order of its lines."""
    tree = ast.parse(path.read_text())
    found = [*check_names(path, tree), *check_docstrings(path, tree)]
    if path.name.startswith("test_"):
        found += check_test_names(path, tree)
    return sorted(found, key=lambda each: each.line)


def files(paths: list[str]) -> Iterator[Path]:
    """Yield the Python files at and below these paths."""
    for path in map((ROOT).joinpath, paths):
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def summary(found: list[Violation]) -> Iterator[str]:
    """Yield a line a package: how much of each rule is left."""
    counts = Counter((".".join(each.path.relative_to(ROOT).parts[:2]), each.rule) for each in found)
    for (package, rule), number in sorted(counts.items()):
        yield f"{package:28} {rule:10} {number:5}"


def main(arguments: list[str] | None = None) -> int:
    """Print what is to change; return the exit code."""
    parser = argparse.ArgumentParser(description="Hold the project's vocabulary.")
    parser.add_argument("paths", nargs="*", default=DEFAULT_PATHS)
    parser.add_argument("--summary", action="store_true", help="print numbers per package only")
    given = parser.parse_args(arguments)
    found = [each for path in files(list(given.paths)) for each in check_file(path)]
    for line in summary(found) if given.summary else found:
        print(line)
    if found:
        print(f"{len(found)} to change; the words are in {Path(__file__).name}", file=sys.stderr)
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main())
