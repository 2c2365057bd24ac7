"""Name the key of a mapping that would make a rejected value readable: `time`, `zone`, `money`, `decimal`.

A hint is chosen by the form of the value (how many digits, which separators), and never contains the value.
"""

import re
from decimal import Decimal
from typing import Any, Final

from streams.mapping.value_definition import Value

_ZONE: Final = 'name its time zone with `zone = "Europe/Berlin"`'
_ISO: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?P<clock>[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?)?(?P<offset>.*)", re.ASCII
)
#: Form of a date in another order or with other separators -> its `strptime` formats.
_DATES: Final = {
    re.compile(rf"{form}(?P<clock> \d?\d:\d\d(?P<seconds>:\d\d)?)?(?P<half> [AaPp][Mm])?", re.ASCII): formats
    for form, formats in {
        r"\d?\d\.\d?\d\.\d{4}": ("%d.%m.%Y",),
        r"\d?\d/\d?\d/\d{4}": ("%m/%d/%Y", "%d/%m/%Y"),
        r"\d?\d-\d?\d-\d{4}": ("%d-%m-%Y", "%m-%d-%Y"),
        r"\d{4}/\d?\d/\d?\d": ("%Y/%m/%d",),
    }.items()
}
_EMAIL_DATE: Final = re.compile(r"[A-Z][a-z]{2}, \d?\d [A-Z][a-z]{2} \d{4} .*", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d{1,19})([.,]\d+)?", re.ASCII)
#: Digits of a present time since 1970 -> unit.
_UNITS: Final = {5: "days", 9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}
#: Digits of a date without separators -> `strptime` format.
_COMPACT: Final = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S"}

_PLAIN: Final = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_COMMA: Final = re.compile(r"[+-]?\d{1,3}(['\u2019 .\u00a0\u2009\u202f]?\d{3})*,\d{1,2}", re.ASCII)
_POINT: Final = re.compile(r"[+-]?\d{1,3}(['\u2019 ,\u00a0\u2009\u202f]\d{3})+(\.\d+)?", re.ASCII)
_WITH_UNIT: Final = re.compile(r"\D{1,4}[\d.,' ]*\d|\d[\d.,' ]*\D{1,4}", re.ASCII)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{2,24}={0,2}", re.ASCII)
_MAJOR: Final = '`money = "major"` converts major units of the currency'


def hint_for(event_field: str, value: Value, raw: Any, *, is_time: bool) -> str:  # noqa: ANN401 - JSON
    """Return which key would make a value readable; empty if none is known.

    Example:
        >>> value = Value(setting="time", const=1)
        >>> hint_for("time", value, "2026-06-10 10:00:00", is_time=True)
        'it has no offset: name its time zone with `zone = "Europe/Berlin"`'

    Args:
        event_field: field of the event.
        value: how the mapping reads the field.
        raw: the rejected value, as the record has it.
        is_time: whether the field is a time.
    """
    if raw is None or raw == "" or isinstance(raw, bool):
        return ""
    if value.match is not None and isinstance(raw, str) and value.match.search(raw) is None:
        return "the text does not contain what `match` looks for"
    if is_time:
        return _time_hint(value, raw)
    return _amount_hint(value, raw) if event_field == "amount" else ""


def _time_hint(value: Value, raw: object) -> str:
    if isinstance(raw, int | float | Decimal):
        raw = format(raw, "f").rstrip("0").rstrip(".") if isinstance(raw, float) else str(raw)
        return "" if value.time else _number_hint(raw)
    if not isinstance(raw, str):
        return ""
    text = raw.strip()
    if iso := _ISO.fullmatch(text):
        return _iso_hint(value, iso)
    if _NUMBER.fullmatch(text):
        return "" if value.time in set(_UNITS.values()) else _number_hint(text)
    if guess := _format_hint(value, text):
        return guess
    return '`time` gives its format, such as "%d.%m.%Y %H:%M", and `zone` its time zone'


def _iso_hint(value: Value, iso: re.Match[str]) -> str:
    if value.time is not None:
        return "it is ISO 8601, which is read without `time`"
    if iso["offset"]:
        return (
            "its end is no offset such as +02:00: `match` takes the part before, `zone` gives its time zone"
        )
    if value.zone is not None:
        return ""
    return f"it has no {'offset' if iso['clock'] else 'time of day and no offset'}: {_ZONE}"


def _number_hint(text: str) -> str:
    found = _NUMBER.fullmatch(text)
    digits = len(found[1]) if found else 0
    if digits in _COMPACT and not (found and found[2]):
        return f'it is a date without separators: `time = "{_COMPACT[digits]}"` reads it; {_ZONE}'
    unit = _UNITS.get(digits)
    guess = f'a number of {digits} digits is likely `time = "{unit}"`' if unit else ""
    return guess or 'it is a number: `time` gives its unit, "s", "ms", "us", "ns" or "days"'


def _format_hint(value: Value, text: str) -> str:
    zone = "" if value.zone else f"; {_ZONE}"
    for form, formats in _DATES.items():
        if found := form.fullmatch(text):
            clock = _clock_format(found)
            choices = " or ".join(f'`time = "{date}{clock}"`' for date in formats)
            return f"{choices} reads it{zone}"
    if _EMAIL_DATE.fullmatch(text):
        ending, zone = ("%z", "") if re.search(r"[+-]\d{4}$", text) else ("%Z", zone)
        return f'`time = "%a, %d %b %Y %H:%M:%S {ending}"` reads it{zone}'
    return ""


def _clock_format(date: re.Match[str]) -> str:
    if not date["clock"]:
        return ""
    hours = " %I:%M" if date["half"] else " %H:%M"
    return hours + (":%S" if date["seconds"] else "") + (" %p" if date["half"] else "")


def _amount_hint(value: Value, raw: object) -> str:
    if isinstance(raw, dict):
        return "`scale = 0` reads an object with a scale of its own" if "scale" in raw else ""
    if isinstance(raw, float | Decimal):
        return "" if value.money else f"{_MAJOR} to minor units"
    if not isinstance(raw, str):
        return ""
    text = raw.strip()
    if value.scale is None and not value.money and _BASE64.fullmatch(text) and not _PLAIN.fullmatch(text):
        return "`scale` reads Kafka Connect's decimals in base64"
    return _text_amount_hint(value, text)


def _text_amount_hint(value: Value, text: str) -> str:
    and_money = "" if value.money else f", and {_MAJOR} to minor units"
    if _PLAIN.fullmatch(text):
        return "" if value.money else f"{_MAJOR} to minor units"
    if _COMMA.fullmatch(text):
        return f'`decimal = ","` reads a decimal comma{and_money}' if value.decimal != "," else ""
    if _POINT.fullmatch(text):
        return f'`decimal = "."` reads separated thousands{and_money}' if value.decimal != "." else ""
    if _WITH_UNIT.fullmatch(text) and value.match is None:
        return f"`match = '[0-9][0-9.,]*'` takes the number from the text{and_money}"
    return "it is no number; `match`, `values` or `default` can replace it"
