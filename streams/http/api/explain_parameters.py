"""Checks the parameters of `/explain` against the configuration."""

from models.definitions.definitions import Definitions
from models.definitions.windows import SHORT_WINDOWS
from models.entities.sla import kinds_of
from models.query.movement_parameters import ExplainQuery
from models.query.strata import SEGMENT_SUBJECTS, STRATIFICATIONS
from streams.http.api.problem_errors import bad_request


def check(query: ExplainQuery, definitions: Definitions) -> None:
    """Raise an error if the parameters do not belong together, or name something that is not configured.

    Raises:
        ProblemError: 400, with the parameter.
    """
    of_targets = query.metric == "retention_sla_breach_ratio"
    short = tuple(window.name for window in SHORT_WINDOWS) if of_targets else ()
    windows = (*short, *definitions.windows)
    if query.window not in windows:
        raise bad_request(f"`window` is {query.window!r}: expected one of {', '.join(windows)}", "window")
    kinds = kinds_of(definitions)
    if of_targets and query.sla is None:
        raise bad_request(f"`{query.metric}` requires `sla`: one of {', '.join(kinds)}", "sla")
    if query.sla is not None and not of_targets:
        raise bad_request("`sla` is only valid for `retention_sla_breach_ratio`", "sla")
    if query.sla is not None and query.sla not in kinds:
        raise bad_request(f"`sla` is {query.sla!r}: expected one of {', '.join(kinds)}", "sla")
    if query.basis is not None and query.metric != "retention_refund_ratio":
        raise bad_request("`basis` is only valid for `retention_refund_ratio`", "basis")
    _strata(query, definitions)


def _strata(query: ExplainQuery, definitions: Definitions) -> None:
    if query.segment is not None and query.by is not None:
        raise bad_request("`segment` and `by` exclude each other", "by")
    allowed = STRATIFICATIONS[query.metric]
    if query.by is not None and query.by not in allowed:
        raise bad_request(f"`by` is {query.by!r}: expected one of {', '.join(allowed)}", "by")
    if query.by == "team" and not definitions.teams:
        raise bad_request("`by=team` requires `teams` in the configuration", "by")
    if query.segment is None:
        return
    subjects = SEGMENT_SUBJECTS[query.metric]
    if not subjects:
        raise bad_request(f"`{query.metric}` has no strata by `segment`; use `by`", "segment")
    known = [one.name for one in definitions.segments if one.subject in subjects]
    if query.segment not in known:
        names = f"expected one of {', '.join(known)}" if known else "no such segment is configured"
        raise bad_request(f"`segment` is {query.segment!r}: {names}", "segment")
