"""Validates the parameter `segment`, which selects by the value of a configured segment."""

from collections.abc import Sequence

from models.definitions.definitions import Definitions
from models.definitions.segments import Segment, Subject
from streams.http.api.problem_errors import bad_request

_PARAMETER = "segment"


def check(text: str | None, definitions: Definitions, *subjects: Subject) -> None:
    """Check that a parameter names a segment and one of its values, as `country:DE`.

    Args:
        text: the parameter; None if it is omitted.
        definitions: the configured segments.
        subjects: of what a segment has to be for this path.

    Raises:
        ProblemError: 400: the segment or the value is unknown. The message names the known ones.
    """
    if text is None:
        return
    known = [segment for segment in definitions.segments if segment.subject in subjects]
    if not known:
        owners = " or ".join(f"{subject}s" for subject in sorted(subjects))
        raise bad_request(
            f"`segment` requires a segment of {owners} in `[[segments]]` of the configuration", _PARAMETER
        )
    name, _, value = text.partition(":")
    segment = next((each for each in known if each.name == name), None)
    expected = _values(known if segment is None else [segment])
    if segment is None or value not in segment.labels:
        raise bad_request(f"`segment` is {text!r}: expected one of {', '.join(expected)}", _PARAMETER)


def _values(segments: Sequence[Segment]) -> list[str]:
    return [f"{segment.name}:{value}" for segment in segments for value in segment.labels]
