"""The errors of values in the TOML file that have the wrong type, or violate a rule of `Definitions`."""

import re
from typing import Final, Literal, get_args, get_origin, get_type_hints

from models.definitions.cohorts import CohortDefinitions
from models.definitions.segments import Segment
from streams.errors import SettingsError

#: Names of TOML types in the messages of msgspec -> names in the errors.
_KINDS: Final = {
    "array": "a list",
    "bool": "true or false",
    "date": "a date",
    "datetime": "a date with a time",
    "float": "a number",
    "int": "a whole number",
    "object": "a table",
    "str": "text",
}
#: Tables with keys of which only some values are valid.
_TABLES: Final = (CohortDefinitions, Segment)
_WRONG_TYPE: Final = re.compile(r"Expected `(\w+)(?: \| null)?`, got `(\w+)`")
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_CHOICE: Final = re.compile(r"Invalid enum value (.*)")
_DATE: Final = "Invalid RFC3339 encoded date"
_RULE: Final = re.compile(r"(\w+): (.*)")


def violation(message: str, source: str) -> SettingsError:
    """Return the error that names the key, the problem, and what would be valid.

    Args:
        message: message of msgspec, or of a rule of `Definitions`.
        source: origin of the value.

    Example:
        >>> str(violation("Expected `array`, got `str` - at `$.windows`", "in shop.toml"))
        'windows (in shop.toml): is text; expected a list'
    """
    problem, _, path = message.partition(" - at `$.")
    name = path.rstrip("`")
    if kinds := _WRONG_TYPE.fullmatch(problem):
        expected, got = (_KINDS.get(kind, kind) for kind in kinds.groups())
        return SettingsError(name, f"is {got}", source=source, hint=f"expected {expected}")
    if missing := _MISSING.fullmatch(problem):
        return SettingsError(f"{name}.{missing[1]}", "is missing", source=source)
    if choice := _CHOICE.fullmatch(problem):
        hint = f"expected one of {', '.join(_choices(name.rpartition('.')[2]))}"
        return SettingsError(name, f"{choice[1]} is not valid", source=source, hint=hint)
    if problem == _DATE:
        return SettingsError(name, "is not a date", source=source, hint="expected one such as 2021-01-01")
    if rule := _RULE.fullmatch(problem):
        return SettingsError(".".join(filter(None, [name, rule[1]])), rule[2], source=source)
    return SettingsError(name, problem, source=source)


def _choices(key: str) -> tuple[str, ...]:
    """Return the valid values of a key of any of the tables."""
    for table in _TABLES:
        hint = get_type_hints(table).get(key)
        for one in (hint, *get_args(hint)):
            if get_origin(one) is Literal:
                return get_args(one)
    return ()
