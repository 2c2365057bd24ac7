"""The `[[inputs]]` of the TOML file: the topics to read, and the mapping or kind of each.

[[inputs]]
topic = "shop.public.orders"       # or a list
mapping = "orders"                 # a mapping of this file, or a bundled one

[[inputs]]
pattern = "returns-.*"             # a regular expression that matches whole topic names
kind = "refunds"                   # events of the contract
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from msgspec import Struct

from models.contract.events import Kind
from streams.config.toml_values import did_you_mean
from streams.errors import RetentionError, SettingsError
from streams.patterns import InvalidPattern, Pattern, compile_pattern

#: Tables of the TOML file that are neither settings nor definitions.
SECTIONS: Final = frozenset({"inputs", "mappings"})

_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_KEYS: Final = ("topic", "pattern", "kind", "mapping")
_RESERVED_PREFIX: Final = "retention."


class Input(Struct, frozen=True, kw_only=True):
    """One `[[inputs]]` table. Exactly one of `mapping` and `kind` is set.

    Attributes:
        setting: name of the table in error messages, such as `inputs[1]`.
        topics: topic names; empty if a pattern is set.
        pattern: regular expression for whole topic names, or None.
        mapping: name of the mapping that reads the records, or None.
        kind: kind of the contract's events in the topic, or None.
    """

    setting: str
    topics: tuple[str, ...] = ()
    pattern: Pattern | None = None
    mapping: str | None = None
    kind: Kind | None = None


#: Without `[[inputs]]`, the topics of the contract are read.
_CONTRACT: Final = tuple(Input(setting=kind, topics=(kind,), kind=kind) for kind in _KINDS)


class Inputs(Struct, frozen=True):
    """All inputs of one configuration.

    Attributes:
        entries: inputs in the order of the file.
    """

    entries: tuple[Input, ...] = _CONTRACT

    def named(self) -> dict[str, Input]:
        """Return topic -> input for the inputs with topic names, without those with a pattern."""
        return {topic: one for one in self.entries for topic in one.topics}

    def patterns(self) -> list[str]:
        """Return the regular expressions of the inputs that have one."""
        return [one.pattern.pattern for one in self.entries if one.pattern]

    def find(self, topic: str) -> Input | None:
        """Return the input that reads a topic, or None.

        Raises:
            RetentionError: two patterns match the topic.
        """
        return self.resolve([topic]).get(topic)

    def kind(self, topic: str) -> Kind | None:
        """Return the kind of events in a topic that is read without a mapping; None for every other topic.

        Raises:
            RetentionError: two patterns match the topic.
        """
        found = self.find(topic)
        return None if found is None else found.kind

    def resolve(self, topics: Iterable[str]) -> dict[str, Input]:
        """Return topic -> input for the topics that are inputs. A name precedes a pattern.

        Raises:
            RetentionError: two patterns match one topic.
        """
        named = self.named()
        found: dict[str, Input] = {}
        for topic in sorted(topics):
            matching = [one for one in self.entries if one.pattern and one.pattern.fullmatch(topic)]
            if topic in named:
                found[topic] = named[topic]
            elif len(matching) > 1:
                tables = " and ".join(one.setting for one in matching)
                raise RetentionError(
                    f"topic {topic} matches two inputs: {tables}", "add the topic by name to one of them"
                )
            elif matching:
                found[topic] = matching[0]
        return found


def read(document: Mapping[str, Any], path: Path | None = None) -> Inputs:
    """Return the inputs of a TOML document. Without `[[inputs]]`, these are the topics of the contract.

    Args:
        document: content of the whole file.
        path: path of the file, for error messages.

    Raises:
        SettingsError: an input is invalid.
    """
    if "inputs" not in document:
        return Inputs()
    return Inputs(tuple(_InputReader(f"in {path}").read(document["inputs"])))


class _InputReader:
    """Reads and checks `[[inputs]]` tables; every error names the table and the key."""

    def __init__(self, source: str) -> None:
        self._source = source

    def read(self, content: object) -> Iterator[Input]:
        if not isinstance(content, list) or not content:
            raise self._error("inputs", "expected at least one [[inputs]] table")
        taken: dict[str, str] = {}
        for number, table in enumerate(content, start=1):
            one = self._input(f"inputs[{number}]", table)
            for topic in one.topics:
                self._check_topic(f"{one.setting}.topic", topic, taken)
                taken[topic] = one.setting
            yield one

    def _check_topic(self, at: str, topic: str, taken: Mapping[str, str]) -> None:
        if topic.startswith(_RESERVED_PREFIX):
            raise self._error(at, f"{topic} is reserved: topics that begin with retention. are outputs")
        if topic in taken:
            raise self._error(at, f"{topic} is already an input in {taken[topic]}")

    def _input(self, at: str, table: object) -> Input:
        if not isinstance(table, dict):
            raise self._error(at, "expected a table")
        for key in table:
            if key not in _KEYS:
                hint = did_you_mean(key, _KEYS, f"expected one of {', '.join(sorted(_KEYS))}")
                raise self._error(f"{at}.{key}", "unknown key", hint)
        if ("topic" in table) is ("pattern" in table):
            raise self._error(at, "expected either `topic` or `pattern`")
        names = table.get("topic", [])
        topics = tuple(
            self._text(f"{at}.topic", name) for name in (names if isinstance(names, list) else [names])
        )
        pattern = self._pattern(f"{at}.pattern", table["pattern"]) if "pattern" in table else None
        if "mapping" not in table:
            return Input(setting=at, topics=topics, pattern=pattern, kind=self._kind(at, table, topics))
        if "kind" in table:
            raise self._error(at, "expected either `mapping` or `kind`")
        mapping = self._text(f"{at}.mapping", table["mapping"])
        return Input(setting=at, topics=topics, pattern=pattern, mapping=mapping)

    def _kind(self, at: str, table: Mapping[str, Any], topics: tuple[str, ...]) -> Kind:
        """Return the kind in a table. By default it is the name of the only topic."""
        name = table.get("kind", topics[0] if len(topics) == 1 else None)
        for kind in _KINDS:
            if name == kind:
                return kind
        raise self._error(
            f"{at}.{'kind' if 'kind' in table else 'mapping'}",
            f"{name!r} is not a kind of topic" if "kind" in table else "is missing",
            f"expected a mapping, or a kind of the contract's events: {', '.join(_KINDS)}",
        )

    def _pattern(self, at: str, content: object) -> Pattern:
        try:
            return compile_pattern(self._text(at, content))
        except InvalidPattern as error:
            raise self._error(at, error.problem, error.hint) from None

    def _text(self, at: str, content: object) -> str:
        if not isinstance(content, str):
            raise self._error(at, "expected text")
        return content

    def _error(self, setting: str, problem: str, hint: str = "") -> SettingsError:
        return SettingsError(setting, problem, source=self._source, hint=hint)
