"""The parameters of segments (docs/metrics.md, "Segments")."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from models.definitions.names import OTHER, UNKNOWN, check_labels, check_once

#: Most segments.
MAX_SEGMENTS: Final = 6
#: Most values of a segment that are counted by name.
MAX_VALUES: Final = 12
#: Longest name or value of an attribute, characters.
MAX_ATTRIBUTE: Final = 64
#: Attributes of a customer that are kept beyond the horizon, besides those that segments use.
MAX_KEPT_ATTRIBUTES: Final = 32
#: Longest coupon, team or category that is kept, characters.
MAX_TEXT: Final = 128
#: Values of a segment by whether the first order names a referrer.
REFERRED: Final = ("yes", "no")

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}", re.ASCII)

Subject = Literal["customer", "order", "ticket"]
#: Origin of a derived segment -> its subject.
ORIGINS: Final[dict[str, Subject]] = {
    "first_channel": "customer",
    "referred": "customer",
    "coupon": "order",
    "team": "ticket",
    "category": "ticket",
}


class Segment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A division of customers, orders or tickets by one value (TOML table `[[segments]]`).

    Attributes:
        name: value of the label `segment`.
        of: what has the value. None: what `origin` belongs to, else the customer.
        field: name of the attribute that has the value. None if `origin` is given.
        origin: what the value is derived from, the key `from`. None if `field` is given.
        values: values counted by name. Any other is counted as `other`, a missing one as `unknown`.

    Raises:
        ValueError: On construction, if a value is invalid. The message starts with the name of the parameter.

    Example:
        >>> Segment(name="country", field="country", values=("DE", "AT")).labels
        ('DE', 'AT', 'other', 'unknown')
    """

    name: str
    of: Subject | None = None
    field: str | None = None
    origin: str | None = msgspec.field(default=None, name="from")
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check every value."""
        if _NAME.fullmatch(self.name) is None:
            raise ValueError(f"name: {self.name!r} is not a letter and up to 31 letters, digits, '_' or '-'")
        self._check_source()
        if self.origin == "referred":
            if self.values:
                raise ValueError(f"values: those of 'referred' are {' and '.join(REFERRED)}; leave it out")
        else:
            _check_values(self.values, MAX_TEXT if self.field is None else MAX_ATTRIBUTE)

    def _check_source(self) -> None:
        if (self.field is None) == (self.origin is None):
            raise ValueError("field: expected either `field`, the name of an attribute, or `from`")
        if self.field is not None and not 1 <= len(self.field) <= MAX_ATTRIBUTE:
            raise ValueError(
                f"field: expected the name of an attribute, of at most {MAX_ATTRIBUTE} characters"
            )
        if self.origin is not None:
            if self.origin not in ORIGINS:
                raise ValueError(f"from: {self.origin!r} is not one of {', '.join(ORIGINS)}")
            if self.of not in (None, ORIGINS[self.origin]):
                raise ValueError(
                    f"of: {self.origin!r} belongs to the {ORIGINS[self.origin]}, not the {self.of}"
                )

    @property
    def subject(self) -> Subject:
        """What has the value: the customer, the order or the ticket."""
        if self.of is not None:
            return self.of
        return "customer" if self.origin is None else ORIGINS[self.origin]

    @property
    def needs_details(self) -> bool:
        """Whether the value is a detail of an event: an attribute or a coupon."""
        return self.field is not None or self.origin == "coupon"

    @property
    def named(self) -> tuple[str, ...]:
        """The values that are counted by name."""
        return REFERRED if self.origin == "referred" else self.values

    @property
    def labels(self) -> tuple[str, ...]:
        """All values of the label `value`. The last is `unknown`."""
        return (*self.named, UNKNOWN) if self.origin == "referred" else (*self.values, OTHER, UNKNOWN)

    def label_of(self, text: str | None) -> str:
        """Return the value of the label `value` for a value, which is None if it is missing."""
        if text is None:
            return UNKNOWN
        return text if text in self.named else OTHER


def customer_attributes(segments: Iterable[Segment]) -> frozenset[str]:
    """Return the names of the attributes by which segments divide customers."""
    return frozenset(
        segment.field for segment in segments if segment.field is not None and segment.subject == "customer"
    )


def _check_values(values: Sequence[str], longest: int) -> None:
    if not values:
        raise ValueError("values: expected at least one value that is counted by name")
    if len(values) > MAX_VALUES:
        raise ValueError(f"values: {len(values)} are more than {MAX_VALUES}")
    check_labels("values", values)
    for value in values:
        if len(value) > longest:
            raise ValueError(
                f"values: {value[:20]!r}... has {len(value)} characters, and at most {longest} are kept"
            )


def check_segments(
    segments: Sequence[Segment],
    segment_windows: Sequence[str],
    windows: Sequence[str],
    channels: Sequence[str],
) -> None:
    """Check segments against each other and against the other parameters.

    Args:
        segments: the segments. Without any, nothing is checked.
        segment_windows: names of the windows over which they are computed.
        windows: names of the configured windows.
        channels: names of the configured channels.

    Raises:
        ValueError: a value is invalid. The message starts with the name of the parameter.
    """
    if not segments:
        return
    if len(segments) > MAX_SEGMENTS:
        raise ValueError(f"segments: {len(segments)} are more than {MAX_SEGMENTS}")
    names = [segment.name for segment in segments]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"segments: two have the name {name!r}; give each a name of its own")
    for segment in segments:
        missing = [value for value in segment.values if value not in channels]
        if segment.origin == "first_channel" and missing:
            raise ValueError(f"segments: {segment.name}: {missing[0]!r} is not one of `channels`")
    if not segment_windows:
        raise ValueError("segment_windows: expected one window or more")
    check_once("segment_windows", segment_windows)
    for window in segment_windows:
        if window not in windows:
            raise ValueError(f"segment_windows: {window!r} is not one of `windows`: {', '.join(windows)}")
