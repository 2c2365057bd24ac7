"""The fields without which a mapping makes no event of any record of a source, such as a file's columns."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final, NamedTuple

from streams.mapping import event_types, expressions
from streams.mapping.definition import Definition, Rule
from streams.mapping.expressions import Expression, Path, condition
from streams.mapping.places import Place, place_of, similar
from streams.mapping.record_access import Rows
from streams.mapping.value_definition import Value

#: Whether records of a source have a value at a path.
Has = Callable[[Path], bool]

#: Fields that a message names. A mapping with many rules may miss many more.
_MOST_NAMED: Final = 5


class MissingField(NamedTuple):
    """A field that no record of a source has, and that a rule of a mapping needs.

    Attributes:
        places: the places where the mapping looks for it, in the mapping's order.
        purpose: what the rule needs it for.
    """

    places: tuple[Place, ...]
    purpose: str


def missing_fields(definition: Definition, has: Has, *, of_each: bool) -> list[MissingField]:
    """Return the fields whose absence leaves a mapping without events; nothing if it can make events.

    Example:
        >>> from streams.mapping.definition import read
        >>> rule = {"type": "order.cancelled", "order_id": "id", "time": "at", "customer_id": "customer"}
        >>> columns = {"id", "at", "client"}
        >>> missing_fields(read("shop", {"events": [rule]}), lambda path: path[0] in columns, of_each=True)
        [MissingField(places=('customer',), purpose='`customer_id` of order.cancelled')]

    Args:
        definition: the mapping.
        has: whether records of the source have a value at a path.
        of_each: whether every rule without a condition must be able to make its event. Otherwise the fields
            count only if no rule can. They are then those of the rules that lack the fewest.
    """
    missing = [(rule, list(_missing(rule, has))) for rule in definition.rules]
    if not all(fields for _, fields in missing):
        missing = [(rule, fields) for rule, fields in missing if of_each and _unconditional(rule)]
    elif not of_each:
        fewest = min(len(fields) for _, fields in missing)
        missing = [(rule, fields) for rule, fields in missing if len(fields) == fewest]
    return list(dict.fromkeys(field for _, fields in missing for field in fields))


def _unconditional(rule: Rule) -> bool:
    return rule.when is None and rule.each is None and rule.type.const is not None


def _missing(rule: Rule, has: Has) -> Iterator[MissingField]:
    """Yield the fields without which a rule makes no event."""
    has = _within(rule, has)
    name = " or ".join(rule.types)
    if rule.each is not None and not _may_be(rule.each, has):
        yield MissingField(_places([rule.each]), f"`each` of {name}")
    if rule.when is not None and _needs_a_field(rule, has):
        yield MissingField(_places([rule.when]), f"`when` of {name}")
    if not _may_have_value(rule.type, has):
        yield MissingField(_places(rule.type.expressions()), f"the event's type ({name})")
    for event_field in dict.fromkeys(one for kind in rule.types for one in event_types.REQUIRED[kind]):
        value = rule.fields.get(event_field)
        if value is not None and not _may_have_value(value, has):
            yield MissingField(_places(value.expressions()), f"`{event_field}` of {name}")


def _within(rule: Rule, has: Has) -> Has:
    """Return `has` for a rule with `each`: a path of `_item` is one below the list."""
    if rule.each is None:
        return has
    lists = expressions.paths(rule.each)

    def has_within(path: Path) -> bool:
        if path[0] != "_item":
            return has(path)
        return not lists or any(has((*above, 0, *path[1:])) for above in lists)

    return has_within


def _needs_a_field(rule: Rule, has: Has) -> bool:
    """Whether the rule's condition never holds because no record has a field that it reads."""
    if rule.when is None or rule.each is not None:
        return False
    paths = expressions.paths(rule.when)
    if not paths or any(map(has, paths)):
        return False
    return not condition(rule.when, Rows())({})


def _may_have_value(value: Value, has: Has) -> bool:
    if value.const is not None or value.default is not None:
        return True
    if value.currency is not None and not _may_have_value(value.currency, has):
        return False
    if value.path is not None:
        return _may_be(value.path, has)
    if value.first:
        return any(_may_have_value(one, has) for one in value.first)
    parts = (part for part in value.template if isinstance(part, Expression))
    return all(_may_be(part, has) for part in parts) and all(_may_have_value(one, has) for one in value.join)


def _may_be(expression: Expression, has: Has) -> bool:
    paths = expressions.paths(expression)
    return not paths or any(map(has, paths))


def _places(expressions_read: Iterable[Expression]) -> tuple[Place, ...]:
    paths = (path for expression in expressions_read for path in expressions.paths(expression))
    return tuple(dict.fromkeys(map(place_of, paths)))


def described(missing: Iterable[MissingField]) -> str:
    """Return missing fields for a message, each with its purpose.

    Example:
        >>> described([MissingField(("id",), f"`{name}` of order.placed") for name in ("order_id", "amount")])
        '`id` (`order_id` of order.placed, and 1 more)'
    """
    purposes: dict[tuple[Place, ...], list[str]] = {}
    for one in missing:
        purposes.setdefault(one.places, []).append(one.purpose)
    named = [_named(places, found) for places, found in purposes.items()]
    more = f", and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return f"{', '.join(named[:_MOST_NAMED])}{more}"


def _named(places: Iterable[Place], purposes: Collection[str]) -> str:
    first, *others = purposes
    more = f", and {len(others)} more" if others else ""
    return f"{' or '.join(f'`{place}`' for place in places) or 'a value'} ({first}{more})"


def hint(missing: Iterable[MissingField], present: Collection[Place]) -> str:
    """Return the fields that were probably meant, as a question; empty without a similar one.

    Args:
        missing: the missing fields.
        present: places of the fields that are there.
    """
    hints = []
    for place in dict.fromkeys(place for one in missing for place in one.places):
        if place in present:  # a column whose name has a dot
            hints.append(f"a column named {place} is written '\"{place}\"' in a mapping")
        elif meant := similar(place, present):
            hints.append(f"did you mean `{meant}` instead of `{place}`?")
    return " ".join(hints)
