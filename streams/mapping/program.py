"""A mapping, compiled: from a record, as a source holds it, to events.

Everything that can be decided before the first record is decided here. What is left for each record is a
handful of closures and one call of the event's own validation.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from models.events import CustomerMerged, Event, EventError
from streams.mapping import conversions, event_types
from streams.mapping.conversions import ConversionError
from streams.mapping.definition import Definition, Rule
from streams.mapping.expressions import Expression, Get, Source, compiled, condition
from streams.mapping.fields import Fields
from streams.mapping.value_definition import Value
from streams.mapping.values import compile_value, raw_value

_LONGEST_ID: Final = 128
_AT: Final = re.compile(r"(.*) - at `\$\.([a-z_]+)(.*)`")
_MISSING: Final = re.compile(r"Object missing required field `([a-z_]+)`")

#: Adds a rule's events for a record; raises `EventError`.
_Apply = Callable[[Any, "Outcome"], None]
#: The source of a rule that goes through the list at an expression.
Sources = Callable[[Expression | None], Source]


class Outcome(Struct):
    """What became of one record.

    Attributes:
        events: that count.
        errors: why others do not.
        anonymous: an event was left out because nothing says whose it is.
        skipped: the name of the condition under which it counts for nothing.
    """

    events: list[Event]
    errors: list[EventError]
    anonymous: bool = False
    skipped: str | None = None


class Program:
    """One mapping over one form of records.

    Args:
        definition: the mapping.
        sources: how records are held.
    """

    def __init__(self, definition: Definition, sources: Sources) -> None:
        self._name = definition.name
        whole = sources(None)
        self._skip = [(name, condition(test, whole)) for name, test in definition.skip.items()]
        rules = [(rule.on, _rule(definition.name, rule, sources)) for rule in definition.rules]
        self._by_operation: Mapping[str, list[_Apply]] = {
            operation: [apply for on, apply in rules if operation in on]
            for operation in ("create", "update", "delete", "read")
        }
        self._plain = [apply for _, apply in rules]
        self._identities = _identities(definition, whole) if definition.merge else []

    def run(self, record: Any, operation: str | None = None) -> Outcome:  # noqa: ANN401 - JSON
        """Make the events of a record.

        Args:
            record: as the source holds it.
            operation: what happened to the row, if an envelope says so.
        """
        outcome = Outcome([], [])
        for name, holds in self._skip:
            if holds(record):
                outcome.skipped = name
                return outcome
        for apply in self._plain if operation is None else self._by_operation[operation]:
            try:
                apply(record, outcome)
            except EventError as error:
                outcome.errors.append(error)
        if self._identities and outcome.events:
            self._merge(record, outcome)
        return outcome

    def _merge(self, record: Any, outcome: Outcome) -> None:  # noqa: ANN401 - JSON
        """Say that the identities which a record carries are one customer's."""
        known = [identity for get in self._identities if isinstance(identity := get(record), str)]
        for alias in dict.fromkeys(known[1:]):
            if alias != known[0]:
                fields = {
                    "id": _composed("customer.merged", [alias, known[0]]),
                    "time": outcome.events[0].time,
                    "customer_id": alias,
                    "into": known[0],
                }
                try:
                    outcome.events.append(msgspec.convert(fields, CustomerMerged))
                except msgspec.ValidationError as error:
                    problem = f"mapping {self._name}, customer_id: {error}"
                    outcome.errors.append(EventError("invalid_field", problem))


def _identities(definition: Definition, source: Source) -> list[Get]:
    value = next((rule.fields["customer_id"] for rule in definition.rules if rule.each is None), None)
    firsts = value.first if value is not None else ()
    return [compile_value(one, source, conversions.text) for one in firsts]


def _composed(name: str, parts: list[str]) -> str:
    """Make an id of a type and of what it is about; a digest where that would be too long."""
    composed = ":".join([name, *parts])
    return composed if len(composed) <= _LONGEST_ID else hashlib.sha256(composed.encode()).hexdigest()


def _rule(mapping: str, rule: Rule, sources: Sources) -> _Apply:
    """Make what a rule does with a record."""
    source = sources(rule.each)
    makers = {name: _maker(mapping, name, rule, source) for name in rule.types}
    make = next(iter(makers.values()))
    if len(makers) > 1 or rule.type.const is None:
        make = _chosen(makers, rule.type, source)
    if rule.when is not None:
        make = _conditional(make, condition(rule.when, source))
    return make if rule.each is None else _for_each(make, compiled(rule.each, sources(None)))


def _chosen(makers: Mapping[str, _Apply], value: Value, source: Source) -> _Apply:
    """Make what takes the type from the record."""
    choose = compile_value(value, source, conversions.text)

    def chosen(record: Any, outcome: Outcome) -> None:  # noqa: ANN401 - JSON
        make = makers.get(choose(record))
        if make is not None:
            make(record, outcome)

    return chosen


def _conditional(make: _Apply, holds: Callable[[Any], bool]) -> _Apply:
    def conditional(record: Any, outcome: Outcome) -> None:  # noqa: ANN401 - JSON
        if holds(record):
            make(record, outcome)

    return conditional


def _for_each(make: _Apply, elements: Get) -> _Apply:
    def for_each(record: Any, outcome: Outcome) -> None:  # noqa: ANN401 - JSON
        found = elements(record)
        for element in found if isinstance(found, list) else ():
            if isinstance(record, dict):
                record["_item"] = element
            else:
                record._item = element  # noqa: SLF001 - named so on purpose (`SURROUNDINGS`)
            try:
                make(record, outcome)
            except EventError as error:
                outcome.errors.append(error)

    return for_each


def _maker(mapping: str, name: str, rule: Rule, source: Source) -> _Apply:
    """Make what builds one type of event."""
    values = {field: value for field, value in rule.fields.items() if field in event_types.FIELDS[name]}
    fields_of = Fields(name, values, source)
    read, getters = fields_of.read, fields_of.getters
    event_class = event_types.class_of(name)
    compose = None if "id" in values else event_types.ONCE[name]
    explain = _explainer(mapping, name, values, source)
    convert = msgspec.convert

    def make(record: Any, outcome: Outcome) -> None:  # noqa: ANN401 - JSON
        try:
            fields = read(record)
            if "customer_id" not in fields:
                outcome.anonymous = True
                return
            if compose is not None:
                fields["id"] = _composed(name, [str(fields.get(part, "")) for part in compose])
            outcome.events.append(convert(fields, event_class))
        except (msgspec.ValidationError, ConversionError) as error:
            raise explain(record, error, getters) from None

    return make


_Explain = Callable[[Any, Exception, Mapping[str, Get]], EventError]


def _explainer(mapping: str, name: str, values: Mapping[str, Value], source: Source) -> _Explain:
    """Make what says which field was wrong, where it comes from and the kind of what stood there."""
    raw = {field: raw_value(value, source) for field, value in values.items()}

    def explain(record: Any, error: Exception, getters: Mapping[str, Get]) -> EventError:  # noqa: ANN401
        field, problem = _located(record, error, getters)
        where = f"mapping {mapping}, {name}, `{field}`"
        if field in values:
            found = conversions.kind(raw[field](record))
            where += f" from {values[field].described} ({found})"
        return EventError("invalid_field", f"{where}: {problem}")

    return explain


def _located(record: Any, error: Exception, getters: Mapping[str, Get]) -> tuple[str, str]:  # noqa: ANN401
    """Give the field that is wrong, and what is wrong with it."""
    if isinstance(error, ConversionError):
        for field, get in getters.items():
            try:
                get(record)
            except ConversionError as found:
                return field, str(found)
    message = str(error)
    if missing := _MISSING.match(message):
        return missing[1], "nothing is there"
    if at := _AT.fullmatch(message):
        return at[2] + at[3], at[1]
    return "", message
