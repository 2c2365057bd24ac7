"""A compiled mapping: from a record, as a source holds it, to events.

Everything that can be decided before the first record is decided here. For each record, only a few closures
run, and one call of the event's own validation.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from models.contract.decoding import EventError
from models.contract.events import CustomerMerged, Event
from streams.mapping import conversions, json_text
from streams.mapping.conversions import ConversionError
from streams.mapping.definition import Definition, Rule
from streams.mapping.event_builder import Build, MappingResult, composed_id, event_builder
from streams.mapping.expressions import Get, Source, compiled, condition
from streams.mapping.limits import MOST_ELEMENTS, too_many_elements
from streams.mapping.null_source import without_words
from streams.mapping.record_access import ElementSource, RecordElement
from streams.mapping.value_definition import Value
from streams.mapping.values import compile_value

__all__ = ["MappingResult", "Program"]


class Program:
    """One mapping, compiled for one representation of records.

    Args:
        definition: the mapping.
        source: how records are held.
    """

    def __init__(self, definition: Definition, source: Source) -> None:
        self._name = definition.name
        source = without_words(source, definition.null)
        self._skip = [(name, condition(test, source)) for name, test in definition.skip.items()]
        self._otherwise = [(name, condition(test, source)) for name, test in definition.otherwise.items()]
        rules = [(rule.on, _rule(definition, rule, source)) for rule in definition.rules]
        self._by_operation: Mapping[str, list[Build]] = {
            operation: [build for on, build in rules if operation in on]
            for operation in ("create", "update", "delete", "read")
        }
        self._without_operation = [build for _, build in rules]
        self._identities = _identities(definition, source) if definition.merge else []

    def run(self, record: Any, operation: str | None = None) -> MappingResult:  # noqa: ANN401 - JSON
        """Return what one record becomes.

        Args:
            record: the record as the source holds it; it is read only.
            operation: what happened to the row (create, update, delete, read), or None without an envelope
                that names it.
        """
        result = MappingResult([], [])
        for name, holds in self._skip:
            if holds(record):
                result.skipped = name
                return result
        for build in self._without_operation if operation is None else self._by_operation[operation]:
            try:
                build(record, result)
            except EventError as error:
                result.errors.append(error)
        if self._identities and result.events:
            self._merge(record, result)
        if self._otherwise and result.is_idle:
            result.skipped = next((name for name, holds in self._otherwise if holds(record)), None)
        return result

    def _merge(self, record: Any, result: MappingResult) -> None:  # noqa: ANN401 - JSON
        """Add `customer.merged` events if the record carries several identities of one customer."""
        try:
            known = [identity for get in self._identities if isinstance(identity := get(record), str)]
        except ConversionError as error:
            result.errors.append(self._identity_error(error))
            return
        for alias in dict.fromkeys(known[1:]):
            if alias != known[0]:
                try:
                    result.events.append(_merged(alias, known[0], result.events[0]))
                except msgspec.ValidationError as error:
                    result.errors.append(self._identity_error(error))

    def _identity_error(self, error: Exception) -> EventError:
        return EventError("invalid_field", f"mapping {self._name}, customer_id: {error}")


def _merged(alias: str, into: str, event: Event) -> CustomerMerged:
    fields = {
        "id": composed_id("customer.merged", [alias, into]),
        "time": event.time,
        "customer_id": alias,
        "into": into,
    }
    return msgspec.convert(fields, CustomerMerged)


def _identities(definition: Definition, source: Source) -> list[Get]:
    """Return the getters of the identities in `customer_id`'s `first`, the canonical one first."""
    value = next((rule.fields["customer_id"] for rule in definition.rules if rule.each is None), None)
    firsts = value.first if value is not None else ()
    return [compile_value(one, source, conversions.identity) for one in firsts]


def _rule(definition: Definition, rule: Rule, source: Source) -> Build:
    """Return the builder of a rule's events."""
    if rule.each is None:
        return _rule_on(definition.name, rule, source)
    elements = without_words(ElementSource(source), definition.null)
    return _for_each(_rule_on(definition.name, rule, elements), compiled(rule.each, source))


def _rule_on(mapping: str, rule: Rule, source: Source) -> Build:
    builders = {name: event_builder(mapping, name, rule.fields, source) for name in rule.types}
    if rule.type.const is not None:
        build = builders[rule.types[0]]
    else:
        build = _chosen_by_record(mapping, builders, rule.type, source)
    return build if rule.when is None else _conditional(build, condition(rule.when, source))


def _chosen_by_record(mapping: str, builders: Mapping[str, Build], value: Value, source: Source) -> Build:
    """Return a builder that takes the event's type from the record."""
    choose = compile_value(value, source, conversions.text)
    get, known = _types_by_word(builders, value, source)

    def chosen(record: Any, result: MappingResult) -> None:  # noqa: ANN401 - JSON
        found = get(record)
        if found.__class__ is str and (build := known.get(found)) is not None:
            build(record, result)
            return
        try:
            build = builders.get(choose(record))
        except ConversionError as error:
            problem = f"mapping {mapping}, `type` from {value.described}: {error}"
            raise EventError("invalid_field", problem) from None
        if build is not None:
            build(record, result)

    return chosen


def _types_by_word(
    builders: Mapping[str, Build], value: Value, source: Source
) -> tuple[Get, Mapping[str, Build]]:
    """Return the getter of the word that names the type, and word -> builder.

    Without words, the type needs more than a look-up of one word.
    """
    if value != Value(setting=value.setting, path=value.path, values=value.values) or value.path is None:
        return (lambda _: None), {}
    words = {word: builders[name] for word, name in (value.values or {}).items() if word}
    return compiled(value.path, source), words


def _conditional(build: Build, holds: Callable[[Any], bool]) -> Build:
    def conditional(record: Any, result: MappingResult) -> None:  # noqa: ANN401 - JSON
        if holds(record):
            build(record, result)

    return conditional


def _for_each(build: Build, elements: Get) -> Build:
    def for_each(record: Any, result: MappingResult) -> None:  # noqa: ANN401 - JSON
        found = elements(record)
        if found.__class__ is str:
            found = json_text.parsed(found)
        if not isinstance(found, list):
            return
        if len(found) > MOST_ELEMENTS:
            raise too_many_elements()
        for element in found:
            try:
                build(RecordElement(record, element), result)
            except EventError as error:
                result.errors.append(error)

    return for_each
