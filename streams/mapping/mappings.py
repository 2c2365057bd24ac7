"""All mappings, those of the TOML file and those that come with this, and which topics are read by which.

[[inputs]]
topic = "shop.public.orders"       # or a list
mapping = "orders"                 # of this file, or one that comes with this

[[inputs]]
pattern = "returns-.*"             # a regular expression for whole names
kind = "refunds"                   # the contract's own events

[mappings.orders]
customer_id = "customer_id"

[[mappings.orders.events]]
type = "order.placed"
order_id = "id"
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

from msgspec import Struct

from models.contract.events import Kind
from streams.errors import RetentionError
from streams.mapping import definition, event_types
from streams.mapping.definition import Definition
from streams.mapping.definition_checks import Problem, a_table, a_text
from streams.mapping.reader import Reader
from streams.mapping.schema_registry import SchemaRegistry

#: Names of tables in the file that are read here.
SECTIONS: Final = frozenset({"inputs", "mappings"})
_READY: Final = Path(__file__).with_name("bundled")
_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_INPUT_KEYS: Final = frozenset({"topic", "pattern", "kind", "mapping"})
_FRAMED: Final = frozenset({"avro", "protobuf"})

#: What reads a topic: a mapping, or the contract's own decoder of a kind.
TopicReader = Reader | Kind


class Input(Struct, frozen=True):
    """One or several topics, and what reads them.

    Attributes:
        setting: its table, for messages.
        topics: their names; none where there is a pattern.
        pattern: of whole names.
        reads: what reads them.
    """

    setting: str
    topics: tuple[str, ...]
    pattern: re.Pattern[str] | None
    reads: TopicReader


class Mappings:
    """The mappings and inputs of one configuration; hold one for as long as the process runs.

    Attributes:
        inputs: in their order.
        registry: where schemas are; none: there is none.
    """

    def __init__(self, document: Mapping[str, Any], source: str, registry: SchemaRegistry | None) -> None:
        self._said = {name: document.get(name) for name in SECTIONS}
        self._tables = a_table("mappings", document.get("mappings", {}))
        self._source = source
        self.registry = registry
        self._readers: dict[str, Reader] = {}
        self.inputs: tuple[Input, ...] = _CONTRACT

    def __eq__(self, other: object) -> bool:
        """Whether two configurations say the same."""
        return isinstance(other, Mappings) and self._said == other._said and self._source == other._source

    __hash__ = None  # type: ignore[assignment]

    def names(self) -> list[str]:
        """Give the names of the file's own mappings."""
        return sorted(self._tables)

    def reader(self, name: str, setting: str = "mapping") -> Reader:
        """Give the reader of a mapping, one and the same for a name.

        Raises:
            SettingsError: there is none of that name, or it is not valid.
        """
        if name not in self._readers:
            try:
                self._readers[name] = self._made(name, setting)
            except Problem as problem:
                raise problem.of(self._source) from None
        return self._readers[name]

    def reads(self, topic: str) -> TopicReader | None:
        """Give what reads a topic; None: it is no input."""
        return self.resolve([topic]).get(topic)

    def resolve(self, topics: Iterable[str]) -> dict[str, TopicReader]:
        """Give what reads each of the topics that exist, of those that are inputs.

        Raises:
            RetentionError: two patterns match one topic.
        """
        named = {topic: one.reads for one in self.inputs for topic in one.topics}
        found: dict[str, TopicReader] = {}
        for topic in sorted(topics):
            matching = [one for one in self.inputs if one.pattern and one.pattern.fullmatch(topic)]
            if topic in named:
                found[topic] = named[topic]
            elif len(matching) > 1:
                tables = " and ".join(one.setting for one in matching)
                raise RetentionError(
                    f"the topic {topic} matches two inputs: {tables}", "name it in one of them"
                )
            elif matching:
                found[topic] = matching[0].reads
        return found

    def named(self) -> dict[str, TopicReader]:
        """Give the inputs that are named, patterns left out."""
        return {topic: one.reads for one in self.inputs for topic in one.topics}

    def _made(self, name: str, setting: str) -> Reader:
        table = self._table(name, setting, ())
        made = definition.read(name, table)
        if made.format in _FRAMED and self.registry is None:
            raise Problem(
                f"mappings.{name}.format",
                f"{made.format} needs a schema registry",
                "set RETENTION_SCHEMA_REGISTRY to its URL",
            )
        return Reader(made, self.registry)

    def _table(self, name: str, setting: str, above: tuple[str, ...]) -> Mapping[str, Any]:
        """Give a mapping's table, laid over the one that it extends."""
        if name in above:
            raise Problem(f"mappings.{name}.extends", f"goes in a circle: {' -> '.join((*above, name))}")
        if name not in self._tables or name in above:
            ready = ready_tables()
            if name not in ready:
                raise Problem(
                    setting,
                    f"there is no mapping {name!r}",
                    event_types.suggestion(name, {*self._tables, *ready}),
                )
            return ready[name]
        table = a_table(f"mappings.{name}", self._tables[name])
        if "extends" not in table:
            return table
        extended = a_text(f"mappings.{name}.extends", table["extends"])
        base = ready_tables()[extended] if extended == name and name in ready_tables() else None
        if base is None:
            base = self._table(extended, f"mappings.{name}.extends", (*above, name))
        return {**base, **table, "skip": {**base.get("skip", {}), **table.get("skip", {})}}


def load(
    document: Mapping[str, Any], *, path: Path | None = None, registry: SchemaRegistry | None = None
) -> Mappings:
    """Read the mappings and inputs of a configuration.

    Args:
        document: the TOML file's whole content; `inputs` and `mappings` are read of it.
        path: the file, for errors.
        registry: where schemas are, if there is one.

    Raises:
        SettingsError: an input or a mapping is not valid.
    """
    source = f"in {path}"
    try:
        mappings = Mappings(document, source, registry)
        for name in mappings.names():
            mappings.reader(name, f"mappings.{name}")
        if "inputs" in document:
            mappings.inputs = tuple(_inputs(document["inputs"], mappings))
    except Problem as problem:
        raise problem.of(source) from None
    return mappings


def _inputs(content: object, mappings: Mappings) -> Iterator[Input]:
    if not isinstance(content, list) or not content:
        raise Problem("inputs", "expected at least one [[inputs]] table")
    taken: dict[str, str] = {}
    for number, table in enumerate(content, start=1):
        one = _input(f"inputs[{number}]", a_table(f"inputs[{number}]", table), mappings)
        for topic in one.topics:
            if topic.startswith("retention."):
                raise Problem(f"{one.setting}.topic", f"{topic} is ours, as all that begins with retention.")
            if topic in taken:
                raise Problem(f"{one.setting}.topic", f"{topic} is an input already: {taken[topic]}")
            taken[topic] = one.setting
        yield one


def _input(at: str, table: Mapping[str, Any], mappings: Mappings) -> Input:
    for key in table:
        if key not in _INPUT_KEYS:
            raise Problem(f"{at}.{key}", "no such key", event_types.suggestion(key, _INPUT_KEYS))
    if ("topic" in table) is ("pattern" in table):
        raise Problem(at, "expected either `topic` or `pattern`")
    names = table.get("topic", [])
    topics = tuple(a_text(f"{at}.topic", name) for name in (names if isinstance(names, list) else [names]))
    return Input(at, topics, _pattern(f"{at}.pattern", table), _reads(at, table, topics, mappings))


def _pattern(at: str, table: Mapping[str, Any]) -> re.Pattern[str] | None:
    if "pattern" not in table:
        return None
    try:
        return re.compile(a_text(at, table["pattern"]))
    except re.error as error:
        raise Problem(at, f"is no regular expression: {error}") from None


def _reads(at: str, table: Mapping[str, Any], topics: tuple[str, ...], mappings: Mappings) -> TopicReader:
    if "mapping" in table and "kind" in table:
        raise Problem(at, "expected either `mapping` or `kind`")
    if "mapping" in table:
        return mappings.reader(a_text(f"{at}.mapping", table["mapping"]), f"{at}.mapping")
    kind = table.get("kind", topics[0] if len(topics) == 1 else None)
    for one in _KINDS:
        if kind == one:
            return one
    raise Problem(
        f"{at}.{'kind' if 'kind' in table else 'mapping'}",
        "is missing" if "kind" not in table else f"{kind!r} is no kind of topic",
        f"name a mapping, or the kind of the contract's own events: {', '.join(_KINDS)}",
    )


_CONTRACT: Final = tuple(Input(kind, (kind,), None, kind) for kind in _KINDS)


@cache
def ready_tables() -> Mapping[str, Mapping[str, Any]]:
    """Give the tables of the mappings that come with this, by name."""
    return {name: tomllib.loads(text)["mappings"][name] for name, text in ready_texts().items()}


@cache
def ready_texts() -> Mapping[str, str]:
    """Give the files of the mappings that come with this, by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(_READY.glob("*.toml"))}


def ready(name: str) -> Definition:
    """Give a mapping that comes with this.

    Raises:
        KeyError: there is none of that name.
    """
    return definition.read(name, ready_tables()[name])
