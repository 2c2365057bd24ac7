"""A mapping, compiled: from a record, as a source holds it, to events.

Everything that can be decided before the first record is decided here. What is left for each record is a
handful of closures and one call of the event's own validation.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from models.contract.decoding import EventError
from models.contract.events import CustomerMerged
from streams.mapping import conversions
from streams.mapping.conversions import ConversionError
from streams.mapping.definition import Definition, Rule
from streams.mapping.event_builder import Make, MappingResult, composed, maker
from streams.mapping.expressions import Get, Source, compiled, condition
from streams.mapping.value_definition import Value
from streams.mapping.values import compile_value

__all__ = ["MappingResult", "Program"]


class Program:
    """One mapping over one form of records.

    Args:
        definition: the mapping.
        source: how records are held.
    """

    def __init__(self, definition: Definition, source: Source) -> None:
        self._name = definition.name
        self._skip = [(name, condition(test, source)) for name, test in definition.skip.items()]
        rules = [(rule.on, _rule(definition.name, rule, source)) for rule in definition.rules]
        self._by_operation: Mapping[str, list[Make]] = {
            operation: [make for on, make in rules if operation in on]
            for operation in ("create", "update", "delete", "read")
        }
        self._plain = [make for _, make in rules]
        self._identities = _identities(definition, source) if definition.merge else []

    def run(self, record: Any, operation: str | None = None) -> MappingResult:  # noqa: ANN401 - JSON
        """Make the events of a record.

        Args:
            record: as the source holds it.
            operation: what happened to the row, if an envelope says so.
        """
        outcome = MappingResult([], [])
        for name, holds in self._skip:
            if holds(record):
                outcome.skipped = name
                return outcome
        for make in self._plain if operation is None else self._by_operation[operation]:
            try:
                make(record, outcome)
            except EventError as error:
                outcome.errors.append(error)
        if self._identities and outcome.events:
            self._merge(record, outcome)
        return outcome

    def _merge(self, record: Any, outcome: MappingResult) -> None:  # noqa: ANN401 - JSON
        """Say that the identities which a record carries are one customer's."""
        try:
            known = [identity for get in self._identities if isinstance(identity := get(record), str)]
        except ConversionError as error:
            problem = f"mapping {self._name}, customer_id: {error}"
            outcome.errors.append(EventError("invalid_field", problem))
            return
        for alias in dict.fromkeys(known[1:]):
            if alias != known[0]:
                fields = {
                    "id": composed("customer.merged", [alias, known[0]]),
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


def _rule(mapping: str, rule: Rule, source: Source) -> Make:
    """Make what a rule does with a record."""
    makers = {name: maker(mapping, name, rule.fields, source) for name in rule.types}
    make = (
        makers[rule.types[0]] if rule.type.const is not None else _chosen(mapping, makers, rule.type, source)
    )
    if rule.when is not None:
        make = _conditional(make, condition(rule.when, source))
    return make if rule.each is None else _for_each(make, compiled(rule.each, source))


def _chosen(mapping: str, makers: Mapping[str, Make], value: Value, source: Source) -> Make:
    """Make what takes the type from the record."""
    choose = compile_value(value, source, conversions.text)
    get, known = _looked_up(makers, value, source)

    def chosen(record: Any, outcome: MappingResult) -> None:  # noqa: ANN401 - JSON
        found = get(record)
        if found.__class__ is str and (quick := known.get(found)) is not None:
            quick(record, outcome)
            return
        try:
            make = makers.get(choose(record))
        except ConversionError as error:
            problem = f"mapping {mapping}, `type` from {value.described}: {error}"
            raise EventError("invalid_field", problem) from None
        if make is not None:
            make(record, outcome)

    return chosen


def _looked_up(makers: Mapping[str, Make], value: Value, source: Source) -> tuple[Get, Mapping[str, Make]]:
    """Give where a type is told by a word, and what each word makes; no words where it is not so simple."""
    if value != Value(setting=value.setting, path=value.path, values=value.values) or value.path is None:
        return (lambda _: None), {}
    words = {word: makers[name] for word, name in (value.values or {}).items() if word}
    return compiled(value.path, source), words


def _conditional(make: Make, holds: Callable[[Any], bool]) -> Make:
    def conditional(record: Any, outcome: MappingResult) -> None:  # noqa: ANN401 - JSON
        if holds(record):
            make(record, outcome)

    return conditional


def _for_each(make: Make, elements: Get) -> Make:
    def for_each(record: Any, outcome: MappingResult) -> None:  # noqa: ANN401 - JSON
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
