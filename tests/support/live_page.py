"""Records of `retention.metrics`, and a worker, as the live page reads them."""

import json

from streams.monitoring.worker_counters import WorkerCounters

RATE = 'retention_rate_ratio{method="cohort",window="30d"}'


class Record:
    def __init__(self, key, **value):
        self.key = key.encode()
        self.value = json.dumps(value).encode() if value else None


class Worker:
    """A worker with its own counters."""

    is_ready = True

    def __init__(self):
        self.counters = WorkerCounters()

    def rows(self):
        return 3

    def owned(self):
        return 2

    def caught_up(self):
        return True

    def lags(self):
        return []

    def expected_workers(self):
        return 2


def churn(value):
    """Return a record of the churn of 30 days."""
    key, fields = 'retention_churn_ratio{window="30d"}', {"value": value, "numerator": 1, "denominator": 2}
    labels, as_of = {"window": "30d"}, "2026-06-30T12:00:00Z"
    return Record(key, metric="retention_churn_ratio", labels=labels, as_of=as_of, **fields)


def rate(value, as_of="2026-06-30T12:00:00Z"):
    labels = {"method": "cohort", "window": "30d"}
    fields = {"value": value, "numerator": 1, "denominator": 2, "as_of": as_of}
    return Record(RATE, metric="retention_rate_ratio", labels=labels, **fields)


def number(metric, value, denominator=None, **labels):
    """Return a record of a series with a value."""
    pairs = ",".join(f'{name}="{text}"' for name, text in sorted(labels.items()))
    key = f"{metric}{{{pairs}}}"
    fields = {} if denominator is None else {"denominator": denominator}
    return Record(key, metric=metric, labels=labels, value=value, as_of="2026-06-30T12:00:00Z", **fields)


def cohort_ages(*hits, eligible):
    """Return records of the customers with an order in, before the end of, and since each period."""
    kinds = zip(*hits, strict=True)
    return [
        number(
            "retention_cohort_age_ratio",
            hit / of if of else None,
            denominator=of,
            age=str(age),
            kind=kind,
        )
        for kind, row in zip(("nth", "by", "unbounded"), kinds, strict=True)
        for age, (hit, of) in enumerate(zip(row, eligible, strict=True))
    ]


def first_response(clock, seconds):
    """Return a record of the median first response by an agent to tickets with high priority in 24 hours."""
    labels = {"window": "24h", "by": "human", "priority": "high", "quantile": "0.5"}
    return number("retention_first_response_seconds", seconds, clock=clock, **labels)
