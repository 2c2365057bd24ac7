"""Alerts about the pipeline itself: for platform."""

from prometheus.alerting import Alert
from prometheus.recording import JOB, held
from prometheus.thresholds import THRESHOLDS as T

P = T["pipeline"]
AS_OF = held("retention_as_of_timestamp_seconds")


def alerts() -> list[Alert]:
    """Return all alerts about the pipeline."""
    return [
        _workers_down(),
        _no_rollup_owner(),
        _numbers_stale(),
        _worker_gone(),
        _target_down(),
        _lag_growing(),
        _source_silent(),
        _dead_letters(),
        _records_lost(),
    ]


def _workers_down() -> Alert:
    up = f'up{{job="{JOB}"}}'
    return Alert(
        name="RetentionWorkersDown",
        # Discovery may drop dead workers (no `up` is left) or keep them (`up` is 0).
        expr=f"absent({up})\nor\nsum by (job) ({up}) == 0",
        hold=P["down_for"],
        severity="critical",
        team="platform",
        summary="No worker responds",
        description="Prometheus cannot scrape any worker: none runs, or none can be reached.",
        dashboard="pipeline",
        suspect=True,
    )


def _no_rollup_owner() -> Alert:
    return Alert(
        name="RetentionNoRollupOwner",
        expr=f'absent({AS_OF}{{job="{JOB}"}})',
        hold=P["gone_for"],
        severity="critical",
        team="platform",
        summary="No worker publishes the numbers",
        description="No worker has exported the business series for minutes: no worker runs, no worker can "
        "be scraped, or no worker owns the roll-up.",
        dashboard="pipeline",
        suspect=True,
    )


def _numbers_stale() -> Alert:
    return Alert(
        name="RetentionNumbersStale",
        expr=f"time() - {AS_OF} > {P['stale_seconds']}",
        hold=P["stale_for"],
        severity="critical",
        team="platform",
        summary="The numbers are stale",
        description="The published numbers are {{ $value | humanizeDuration }} old: the last complete ones. "
        "A partition has no owner, or a worker is not caught up.",
        dashboard="pipeline",
        suspect=True,
    )


def _worker_gone() -> Alert:
    return Alert(
        name="RetentionWorkerGone",
        # A worker that leaves in order is expected no longer.
        expr=f"{held('retention_workers_expected')} - job:retention_workers:up > 0",
        hold=P["gone_for"],
        severity="warning",
        team="platform",
        summary="A worker is gone",
        description="{{ $value | humanize }} of the workers do not respond, and did not leave in order; "
        "the others have taken their partitions over.",
        dashboard="pipeline",
    )


def _target_down() -> Alert:
    return Alert(
        name="RetentionTargetDown",
        expr=f'count by (job) (up{{job="{JOB}"}} == 0)',
        hold=P["target_down_for"],
        severity="warning",
        team="platform",
        summary="A worker that Prometheus should scrape does not respond",
        description="{{ $value | humanize }} of the workers in Prometheus' configuration have not responded "
        f"for {P['target_down_for']}: they did not start, cannot be reached, or were stopped and are still "
        "listed.",
        dashboard="pipeline",
    )


def _lag_growing() -> Alert:
    lag = "job:retention_worker_lag_records:sum"
    return Alert(
        name="RetentionLagGrowing",
        expr=f"{lag} > {P['lag_records']}\nand deriv({lag}[15m]) > 0",
        hold=P["lag_for"],
        severity="warning",
        team="platform",
        summary="The workers fall behind on {{ $labels.topic }}",
        description="{{ $value | humanize }} records of {{ $labels.topic }} wait to be read, "
        "and more come than are read.",
        dashboard="pipeline",
        suspect=True,
    )


def _source_silent() -> Alert:
    now, usual = "job:retention_worker_events:rate30m", "job:retention_worker_events:rate1d"
    few = f"* 1800 <= {P['silent_events']}"
    return Alert(
        name="RetentionSourceSilent",
        # Shops have nights and Sundays: as little a day or a week before is normal.
        expr=(
            f"{usual} * 1800 > {P['silent_events']}\nunless {now} > 0\n"
            f"unless {now} offset 1d {few}\nunless {now} offset 1w {few}\n"
            f"and on (job) sum by (job) ({now}) > 0"
        ),
        hold=P["silent_for"],
        severity="critical",
        team="platform",
        summary="Nothing arrives on {{ $labels.topic }} while other topics flow",
        description="No event on {{ $labels.topic }} for half an hour; at the last day's rate "
        "there would have been {{ $value | humanize }}.",
        dashboard="pipeline",
        suspect=True,
    )


def _dead_letters() -> Alert:
    dead = "increase(retention_worker_dead_letters_total[15m])"
    events = "increase(retention_worker_events_total[15m])"
    return Alert(
        name="RetentionDeadLetters",
        expr=(
            f"sum by (job, reason) ({dead}) > {P['dead_letters']}\n"
            f"and on (job) sum by (job) ({dead}) > {P['dead_letter_share']:g} * sum by (job) ({events})"
        ),
        hold="5m",
        severity="warning",
        team="platform",
        summary="Events are rejected: {{ $labels.reason }}",
        description="{{ $value | humanize }} events in 15 minutes became dead letters "
        "({{ $labels.reason }}): they count in no number until they are corrected and sent again.",
        dashboard="pipeline",
        suspect=True,
    )


def _records_lost() -> Alert:
    lost = "retention_worker_records_lost_total"
    return Alert(
        name="RetentionRecordsLost",
        # A counter that starts above zero has no increase, so its first hour counts too.
        expr=f"sum by (job, topic) (increase({lost}[1h]) > 0 or ({lost} > 0 unless {lost} offset 1h))",
        hold="0m",
        severity="critical",
        team="platform",
        summary="Records of {{ $labels.topic }} were lost before they were read",
        description="{{ $value | humanize }} records of {{ $labels.topic }} were deleted by the topic's "
        "own retention before a worker read them: the numbers lack them.",
        dashboard="pipeline",
        suspect=True,
    )
