"""*Pipeline*: whether the numbers can be trusted, and each worker."""

from grafana.charts import (
    NUMBER,
    RATIO,
    SECONDS,
    Board,
    Chart,
    Limit,
    Query,
    business,
    rate,
    recorded,
    worker,
)
from prometheus.thresholds import THRESHOLDS as T

P = T["pipeline"]
EACH = "{{instance}}"
READ = f"sum by (job, topic) ({rate('retention_worker_events_total')})"
ANONYMOUS = f"sum by (job, topic) ({rate('retention_worker_anonymous_records_total')})"


def _quantile(q: float, metric: str) -> str:
    return f"histogram_quantile({q}, sum by (job, le) ({rate(f'{metric}_bucket')}))"


TRUST = (
    Chart(
        title="Age of the numbers",
        unit=SECONDS,
        kind="stat",
        width=6,
        height=5,
        queries=(Query(f"time() - {business('retention_as_of_timestamp_seconds')}", "age"),),
        limit=Limit(P["stale_seconds"]),
        alert="RetentionNumbersStale",
        do="Red: which task has no owner, which worker is not caught up? Look below.",
    ),
    Chart(
        title="Caught up",
        unit=NUMBER,
        kind="stat",
        width=6,
        height=5,
        queries=(Query(business("retention_caught_up"), "the whole"),),
        limit=Limit(1, bad_above=False),
        alert="RetentionNoRollupOwner",
        empty="no worker publishes",
        do="0 while lag falls: wait. 0 while nothing moves: a worker hangs, kill it.",
    ),
    Chart(
        title="Workers that answer",
        unit="short",
        kind="stat",
        width=6,
        height=5,
        queries=(Query(recorded("job:retention_workers:up"), "workers"),),
        limit=Limit(1, bad_above=False),
        alert="RetentionWorkerGone",
        empty="none",
        do="Fewer than you started: start it again, its partitions come back by themselves.",
    ),
    Chart(
        title="Records lost, last day",
        unit="short",
        kind="stat",
        width=6,
        height=5,
        queries=(
            Query(
                f"sum by (job) ({worker('retention_worker_records_lost_total', lambda s: f'increase({s}[1d])')})"
                f" or 0 * {recorded('job:retention_workers:up')}",
                "records",
            ),
        ),
        limit=Limit(1),
        alert="RetentionRecordsLost",
        do="Not 0: lengthen the topic's retention first, then load the records again.",
    ),
)

FLOW = (
    Chart(
        title="Events read",
        unit="eps",
        width=8,
        queries=(Query(READ, "{{topic}}"),),
        alert="RetentionSourceSilent",
        do="One at 0 while others flow: ask its producer.",
    ),
    Chart(
        title="Lag",
        unit="short",
        width=8,
        queries=(Query(recorded("job:retention_worker_lag_records:sum"), "{{topic}}"),),
        limit=Limit(P["lag_records"]),
        alert="RetentionLagGrowing",
        do="Above the line and rising: add workers, up to one a partition. Falling: wait.",
    ),
    Chart(
        title="Event to number",
        unit=SECONDS,
        width=8,
        queries=(
            Query(_quantile(0.5, "retention_worker_event_to_metric_seconds"), "half within"),
            Query(_quantile(0.99, "retention_worker_event_to_metric_seconds"), "99 of 100 within"),
        ),
        limit=Limit(P["latency_seconds"]),
        empty="no event arrived",
        exemplars=True,
        do="Above the line with no lag: flush time, or the broker. A dot is a batch: its topic, partition and offset.",
    ),
    Chart(
        title="Dead letters",
        unit="eps",
        width=8,
        queries=(
            Query(f"sum by (job, reason) ({rate('retention_worker_dead_letters_total')})", "{{reason}}"),
        ),
        alert="RetentionDeadLetters",
        empty="no event was refused",
        do="retention dead-letters list says which; mended, redrive puts them back.",
    ),
    Chart(
        title="Anonymous share",
        unit=RATIO,
        width=8,
        queries=(Query(f"({ANONYMOUS} or 0 * {READ}) / {READ}", "{{topic}}"),),
        do="Higher than the share of guests: retention map check says which records name nobody, and what they "
        "have instead.",
    ),
    Chart(
        title="Forwarded and duplicates",
        unit="eps",
        width=8,
        queries=(
            Query(f"sum by (job) ({rate('retention_worker_rerouted_total')})", "forwarded"),
            Query(f"sum by (job) ({rate('retention_worker_duplicates_total')})", "duplicates"),
        ),
        do="Forwarded near events read: key by customer_id at the producer and save half the work.",
    ),
    Chart(
        title="Transaction time",
        unit=SECONDS,
        width=6,
        queries=(
            Query(_quantile(0.5, "retention_worker_flush_seconds"), "half within"),
            Query(_quantile(0.99, "retention_worker_flush_seconds"), "99 of 100 within"),
        ),
        empty="nothing was written",
        exemplars=True,
        do="A dot is a transaction: its task, and how much was in it. Rising alone: the broker's disks. Rising with events: batches grow, which is well.",
    ),
    Chart(
        title="Outputs",
        unit="wps",
        width=6,
        queries=(Query(f"sum by (job, topic) ({rate('retention_worker_outputs_total')})", "{{topic}}"),),
        do="retention.metrics at 0: the numbers stand still. The others follow customers and clock; a peak after "
        "a start is what was not said before.",
    ),
    Chart(
        title="Redis takes the read model",
        unit=NUMBER,
        width=6,
        queries=(Query(worker("retention_worker_read_model_up"), EACH),),
        empty="no read model is configured, or nobody keeps it",
        do="0: retention doctor says whether Redis can be reached; nothing else waits for it, and it is filled again.",
    ),
    Chart(
        title="Read model behind",
        unit="short",
        width=6,
        queries=(Query(worker("retention_worker_read_model_behind_records"), EACH),),
        empty="no read model is configured, or nobody keeps it",
        do="Rising while Redis answers: it is too slow, or far away. Services that ask it see old profiles meanwhile.",
    ),
)

WORKERS = (
    Chart(
        title="Tasks by worker",
        unit="short",
        width=8,
        queries=(Query(worker("retention_worker_tasks_owned"), EACH),),
        do="Their sum must be the number of partitions; less: some have no owner, and the numbers stand still.",
    ),
    Chart(
        title="Caught up by worker",
        unit=NUMBER,
        width=8,
        queries=(Query(worker("retention_worker_caught_up"), EACH),),
        do="The one at 0 holds the numbers: it restores, catches up, or hangs.",
    ),
    Chart(
        title="Restore time",
        unit=SECONDS,
        width=8,
        queries=(Query(worker("retention_worker_recovery_seconds"), EACH),),
        do="Minutes: more partitions make each smaller; add them with retention reset.",
    ),
    Chart(
        title="Customers held",
        unit="short",
        width=8,
        queries=(Query(worker("retention_worker_state_rows"), EACH),),
        do="Uneven: too few partitions for the workers.",
    ),
    Chart(
        title="State",
        unit="bytes",
        width=8,
        queries=(Query(worker("retention_worker_state_bytes"), EACH),),
        do="Memory is about twice this: give the worker's limit room before it grows there.",
    ),
    Chart(
        title="Versions",
        unit="short",
        kind="bargauge",
        width=8,
        queries=(Query(f"count by (job, version) ({worker('retention_worker_info')})", "{{version}}"),),
        do="Two for longer than a roll-out: finish it.",
    ),
)

BOARD = Board(
    uid="retention-pipeline",
    title="Pipeline",
    description="Whether the numbers can be trusted: lag, latency, dead letters, recovery, each worker.",
    rows=(("Trust", TRUST), ("Flow", FLOW), ("Workers", WORKERS)),
    variables=("instance",),
    span="now-6h",
    alerts=(
        "RetentionNoRollupOwner",
        "RetentionNumbersStale",
        "RetentionWorkerGone",
        "RetentionLagGrowing",
        "RetentionSourceSilent",
        "RetentionDeadLetters",
        "RetentionRecordsLost",
    ),
)
