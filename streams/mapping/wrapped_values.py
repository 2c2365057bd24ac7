"""Values that formats wrap in an object: MongoDB's extended JSON, and decimals with a scale of their own.

MongoDB writes the types that JSON does not have as `{"$oid": …}`, `{"$numberLong": …}`, `{"$date": …}` and
the like. Debezium writes a decimal column without a fixed scale as `{"scale": 2, "value": "B88="}`
(`io.debezium.data.VariableScaleDecimal`).
"""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from streams.mapping import conversions

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_VARIABLE_SCALE: Final = frozenset({"scale", "value"})
#: Subtypes of MongoDB's binary data that are UUIDs.
_UUID_SUBTYPES: Final = frozenset({"03", "3", "04", "4"})


def unwrapped(value: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return the value that an object wraps; the object itself if it wraps none.

    Example:
        >>> unwrapped({"$numberLong": "1999"})
        1999
    """
    if len(value) == 1:
        [(name, content)] = value.items()
        unwrap = _EXTENDED.get(name)
    elif value.keys() == _VARIABLE_SCALE and isinstance(value["scale"], int):
        unwrap, content = _variable_scale, value
    else:
        return value
    if unwrap is None:
        return value
    try:
        return unwrap(content)
    except (ValueError, TypeError, KeyError, InvalidOperation, OverflowError):
        return value


def _variable_scale(content: Mapping[str, Any]) -> object:
    found = conversions.connect_decimal(content["value"], content["scale"])
    if not isinstance(found, Decimal):
        raise TypeError("not the bytes of a decimal")
    return found


def _decimal(content: str) -> Decimal:
    found = Decimal(content)
    if found.is_snan() or found.is_infinite():  # comparing and converting them raises
        raise ValueError("not a number")
    return found


def _date(content: Any) -> datetime:  # noqa: ANN401 - JSON
    if isinstance(content, str):
        return datetime.fromisoformat(content)
    milliseconds = int(content["$numberLong"]) if isinstance(content, dict) else content
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _binary(content: Mapping[str, Any]) -> str:
    if content["subType"] not in _UUID_SUBTYPES:
        raise ValueError("not a UUID")
    return str(UUID(bytes=base64.b64decode(content["base64"], validate=True)))


_EXTENDED: Final[Mapping[str, Callable[[Any], Any]]] = {
    "$oid": str,
    "$numberLong": int,
    "$numberInt": int,
    "$numberDouble": float,
    "$numberDecimal": _decimal,
    "$date": _date,
    "$timestamp": lambda content: datetime.fromtimestamp(content["t"], UTC),
    "$uuid": str,
    "$binary": _binary,
    "$symbol": str,
    "$undefined": lambda _: None,
}
