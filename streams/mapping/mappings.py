"""The mappings of one configuration, compiled: those of its TOML file, and the bundled ones.

[mappings.orders]
customer_id = "customer_id"

[[mappings.orders.events]]
type = "order.placed"
order_id = "id"

`[[inputs]]` says which topics a mapping reads (`streams.config.inputs`).
"""

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from models.contract.events import Kind
from streams.config import inputs
from streams.config.inputs import Input, Inputs
from streams.config.load import Settings
from streams.mapping import definition, event_types
from streams.mapping.definition import Definition
from streams.mapping.definition_checks import InvalidKey, a_table, a_text
from streams.mapping.reader import Reader
from streams.mapping.schema_registry import SchemaRegistry, require_extra

_BUNDLED: Final = Path(__file__).with_name("bundled")
_DIGEST_LENGTH: Final = 16
_NEEDS_REGISTRY: Final = frozenset({"avro", "protobuf"})

#: Reads the records of a topic: a mapping, or the contract's own decoder of a kind.
TopicReader = Reader | Kind


class Mappings:
    """The compiled mappings of one configuration. Each mapping is compiled once, when it is first used.

    Args:
        tables: mapping name -> its TOML table.
        source: name of the file in error messages, such as `in retention.toml`.
        entries: inputs of the configuration.
        registry: schema registry, or None.

    Attributes:
        inputs: inputs of the configuration.
        registry: schema registry, or None.
    """

    def __init__(
        self,
        tables: Mapping[str, Any],
        *,
        source: str,
        entries: Inputs,
        registry: SchemaRegistry | None = None,
    ) -> None:
        self._tables = tables
        self._source = source
        self.inputs = entries
        self.registry = registry
        self._readers: dict[str, Reader] = {}

    def names(self) -> list[str]:
        """Return the names of the file's own mappings, sorted."""
        return sorted(self._tables)

    def reader(self, name: str, setting: str = "mapping") -> Reader:
        """Return the reader of a mapping; the same reader for every call with that name.

        Args:
            name: name of a mapping of the file, or of a bundled one.
            setting: setting that names the mapping, for error messages.

        Raises:
            SettingsError: the mapping does not exist, or is invalid.
            MissingExtra: its format needs a package that is not installed.
        """
        if name not in self._readers:
            try:
                self._readers[name] = self._compile(name, setting)
            except InvalidKey as problem:
                raise problem.of(self._source) from None
        return self._readers[name]

    def reads(self, topic: str) -> TopicReader | None:
        """Return the reader of a topic; None if the topic is not an input.

        Raises:
            RetentionError: two patterns match the topic.
        """
        found = self.inputs.find(topic)
        return None if found is None else self.reader_of(found)

    def readers(self, topics: Mapping[str, Input]) -> dict[str, TopicReader]:
        """Return topic -> its reader."""
        return {topic: self.reader_of(one) for topic, one in topics.items()}

    def reader_of(self, one: Input) -> TopicReader:
        """Return the reader of an input's records.

        Raises:
            SettingsError: its mapping does not exist, or is invalid.
        """
        if one.kind is not None:
            return one.kind
        return self.reader(one.mapping or "", f"{one.setting}.mapping")

    def digest_of(self, one: Input) -> str:
        """Return a hash of what decides which events come of an input's records.

        The text of the file does not matter, only the tables in it, and those that they extend.
        """
        if one.kind is not None:
            return _digest(one.kind)
        table = self._table(one.mapping or "", one.setting, ())
        return _digest({key: value for key, value in table.items() if key != "extends" and value != {}})

    def digest(self) -> str:
        """Return a hash of all inputs and of the mappings that read them."""
        entries = self.inputs.entries
        patterns = [one.pattern and one.pattern.pattern for one in entries]
        topics = [one.topics for one in entries]
        return _digest([topics, patterns, [self.digest_of(one) for one in entries]])

    def _compile(self, name: str, setting: str) -> Reader:
        made = definition.read(name, self._table(name, setting, ()))
        if made.format in _NEEDS_REGISTRY and self.registry is None:
            raise InvalidKey(
                f"mappings.{name}.format",
                f"{made.format} needs a schema registry",
                "set RETENTION_SCHEMA_REGISTRY to its URL",
            )
        require_extra(made.format)
        return Reader(made, self.registry)

    def _table(self, name: str, setting: str, above: tuple[str, ...]) -> Mapping[str, Any]:
        """Return a mapping's table, merged over the table that it extends."""
        if name in above:
            raise InvalidKey(f"mappings.{name}.extends", f"goes in a circle: {' -> '.join((*above, name))}")
        if name not in self._tables:
            return _bundled_table(name, setting, self._tables)
        table = a_table(f"mappings.{name}", self._tables[name])
        if "extends" not in table:
            return table
        extended = a_text(f"mappings.{name}.extends", table["extends"])
        if extended == name and name in bundled_tables():
            base = bundled_tables()[name]
        else:
            base = self._table(extended, f"mappings.{name}.extends", (*above, name))
        added = {key: {**base.get(key, {}), **table.get(key, {})} for key in ("skip", "otherwise")}
        return {**base, **table, **added}


def _digest(content: object) -> str:
    """Return a hash of values of a TOML file, in hexadecimal."""
    encoded = msgspec.json.encode(content, order="deterministic")
    return hashlib.sha256(encoded).hexdigest()[:_DIGEST_LENGTH]


def _bundled_table(name: str, setting: str, own: Mapping[str, Any]) -> Mapping[str, Any]:
    bundled = bundled_tables()
    if name not in bundled:
        raise InvalidKey(
            setting, f"there is no mapping {name!r}", event_types.suggestion(name, {*own, *bundled})
        )
    return bundled[name]


def build(settings: Settings) -> Mappings:
    """Compile and check the mappings that settings name. Nothing is requested from the schema registry yet.

    Raises:
        SettingsError: an input names no mapping, or a mapping is invalid.
        MissingExtra: a format needs a package that is not installed.
    """
    access = settings.registry_access
    return _checked(
        Mappings(
            settings.mappings,
            source=f"in {settings.config}",
            entries=settings.inputs,
            registry=None if access is None else SchemaRegistry(access),
        )
    )


def load(
    document: Mapping[str, Any], *, path: Path | None = None, registry: SchemaRegistry | None = None
) -> Mappings:
    """Compile and check the mappings and inputs of a TOML document.

    Example:
        >>> shop = load({
        ...     "inputs": [{"topic": "shop.orders", "mapping": "orders"}],
        ...     "mappings": {"orders": {
        ...         "customer_id": "customer.id",
        ...         "events": [{
        ...             "type": "order.placed", "order_id": "id", "time": "created", "channel": "source",
        ...             "amount": {"path": "total", "money": "major"}, "currency": "currency",
        ...         }],
        ...     }},
        ... })
        >>> record = (
        ...     b'{"id": 7, "customer": {"id": 42}, "created": "2026-05-01T10:00:00Z", '
        ...     b'"source": "web", "total": "19.99", "currency": "EUR"}'
        ... )
        >>> [order] = shop.reads("shop.orders").map_record(record).events
        >>> order.order_id, order.customer_id, order.amount
        ('7', '42', 1999)

    Args:
        document: content of the file; only `inputs` and `mappings` are read.
        path: path of the file, for error messages.
        registry: schema registry, or None.

    Raises:
        SettingsError: an input or a mapping is invalid.
        MissingExtra: a format needs a package that is not installed.
    """
    try:
        tables = a_table("mappings", document.get("mappings", {}))
    except InvalidKey as problem:
        raise problem.of(f"in {path}") from None
    entries = inputs.read(document, path)
    return _checked(Mappings(tables, source=f"in {path}", entries=entries, registry=registry))


def _checked(mappings: Mappings) -> Mappings:
    for name in mappings.names():
        mappings.reader(name, f"mappings.{name}")
    for one in mappings.inputs.entries:
        mappings.reader_of(one)
    return mappings


@cache
def bundled_tables() -> Mapping[str, Mapping[str, Any]]:
    """Return mapping name -> its table, for the bundled mappings."""
    return {name: tomllib.loads(text)["mappings"][name] for name, text in bundled_texts().items()}


@cache
def bundled_texts() -> Mapping[str, str]:
    """Return mapping name -> text of its file, for the bundled mappings."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(_BUNDLED.glob("*.toml"))}


def bundled(name: str) -> Definition:
    """Return the definition of a bundled mapping.

    Raises:
        KeyError: there is no bundled mapping of that name.
    """
    return definition.read(name, bundled_tables()[name])
