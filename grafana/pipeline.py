"""Define the dashboard *Pipeline*: freshness of the numbers, throughput, and the state of each worker."""

from grafana.charts import Board, Chart, Limit, Query, Row, business, rate, recorded, worker
from grafana.status import AGE, COUNTED, FIRING, resized
from grafana.units import ACCEPTS, BYTES, CAUGHT_UP, COUNT, EVENTS, RATIO, SECONDS, WRITES
from prometheus.thresholds import THRESHOLDS as T

P = T["pipeline"]
EACH = "{{instance}}"
READ = f"sum by (job, topic) ({rate('retention_worker_events_total')})"
WITHOUT_CUSTOMER = f"sum by (job, topic) ({rate('retention_worker_anonymous_records_total')})"


def _quantile(q: float, metric: str) -> str:
    return f"histogram_quantile({q}, sum by (job, le) ({rate(f'{metric}_bucket')}))"


WORKERS_UP = recorded("job:retention_workers:up")
WORKERS_EXPECTED = recorded("job:retention_workers_expected:held")

NOW = (
    FIRING,
    resized(COUNTED, 3, 6),
    resized(AGE, 3, 6),
    Chart(
        title="Caught up",
        unit=CAUGHT_UP,
        kind="stat",
        width=3,
        height=6,
        queries=(Query(business("retention_caught_up"), "all tasks"),),
        limit=Limit(1, bad_above=False),
        alert="RetentionNoRollupOwner",
        empty="no worker publishes",
        do="If it catches up and lag falls, wait. If lag does not change, a worker hangs: restart it.",
    ),
    Chart(
        title="Workers that answer",
        unit=COUNT,
        kind="stat",
        width=3,
        height=6,
        queries=(
            Query(WORKERS_UP, "answer", limit=Limit(1, bad_above=False)),
            Query(WORKERS_EXPECTED, "should"),
            Query(f"clamp_min({WORKERS_EXPECTED} - {WORKERS_UP}, 0)", "missing", limit=Limit(1)),
        ),
        alert="RetentionWorkerGone",
        empty="none",
        do="If workers are missing, restart them. Their partitions are assigned automatically. A worker that left in "
        "order is not missing.",
    ),
    Chart(
        title="Records lost, last day",
        unit=COUNT,
        kind="stat",
        width=3,
        height=6,
        queries=(
            Query(
                f"sum by (job) ({worker('retention_worker_records_lost_total', lambda s: f'increase({s}[1d])')})"
                f" or 0 * {WORKERS_UP}",
                "records",
            ),
        ),
        limit=Limit(1),
        alert="RetentionRecordsLost",
        do="If it is not 0, increase the topic's retention first, then load the records again.",
    ),
)

FLOW = (
    Chart(
        title="Events read",
        unit=EVENTS,
        width=8,
        queries=(Query(READ, "{{topic}}"),),
        alert="RetentionSourceSilent",
        do="If one topic is at 0 while other topics are not, check its producer.",
    ),
    Chart(
        title="Lag",
        unit=COUNT,
        width=8,
        queries=(Query(recorded("job:retention_worker_lag_records:sum"), "{{topic}}"),),
        limit=Limit(P["lag_records"]),
        alert="RetentionLagGrowing",
        do="If it is above the line and rises, add workers, up to one per partition. If it falls, wait.",
    ),
    Chart(
        title="Event-to-metric latency",
        unit=SECONDS,
        width=8,
        queries=(
            Query(_quantile(0.5, "retention_worker_event_to_metric_seconds"), "median"),
            Query(_quantile(0.99, "retention_worker_event_to_metric_seconds"), "99th percentile"),
        ),
        limit=Limit(P["latency_seconds"]),
        empty="no event arrived",
        exemplars=True,
        do="If it is above the line without lag, check the transaction time and the broker. A dot is a batch, with "
        "its topic, partition and offset.",
    ),
)

TASKS = (
    Chart(
        title="Dead letters",
        unit=EVENTS,
        width=8,
        height=7,
        queries=(
            Query(f"sum by (job, reason) ({rate('retention_worker_dead_letters_total')})", "{{reason}}"),
        ),
        alert="RetentionDeadLetters",
        empty="no record was rejected",
        do="Run `retention dead-letters list` to see the records. Correct the cause, then run `redrive` to process "
        "them again.",
    ),
    Chart(
        title="Tasks by worker",
        unit=COUNT,
        width=8,
        height=7,
        queries=(Query(worker("retention_worker_tasks_owned"), EACH),),
        do="The sum must equal the number of partitions. If it is lower, some tasks have no owner and the numbers "
        "are not updated.",
    ),
    Chart(
        title="Caught up by worker",
        unit=CAUGHT_UP,
        kind="states",
        width=8,
        height=7,
        queries=(Query(worker("retention_worker_caught_up"), EACH),),
        do="A worker that catches up delays the numbers of all workers: it restores state, catches up, or hangs.",
    ),
)

RECORDS = (
    Chart(
        title="Records without a customer id",
        unit=RATIO,
        width=6,
        queries=(Query(f"({WITHOUT_CUSTOMER} or 0 * {READ}) / {READ}", "{{topic}}", stated=RATIO),),
        do="If it is above the share of guest orders, run `retention map check` to see the records without a customer "
        "id and the fields that they have.",
    ),
    Chart(
        title="Forwarded and duplicates",
        unit=EVENTS,
        width=6,
        queries=(
            Query(f"sum by (job) ({rate('retention_worker_rerouted_total')})", "forwarded"),
            Query(f"sum by (job) ({rate('retention_worker_duplicates_total')})", "duplicates"),
        ),
        do="If forwarded is close to events read, key the records by customer_id at the producer. This saves half "
        "the work.",
    ),
    Chart(
        title="Transaction time",
        unit=SECONDS,
        width=6,
        queries=(
            Query(_quantile(0.5, "retention_worker_flush_seconds"), "median"),
            Query(_quantile(0.99, "retention_worker_flush_seconds"), "99th percentile"),
        ),
        empty="nothing was written",
        exemplars=True,
        do="A dot is a transaction, with its task and its size. If only this rises, check the broker's disks. If "
        "events rise too, batches grow, which is expected.",
    ),
    Chart(
        title="Outputs",
        unit=WRITES,
        width=6,
        queries=(Query(f"sum by (job, topic) ({rate('retention_worker_outputs_total')})", "{{topic}}"),),
        do="If retention.metrics is at 0, the numbers are not updated. The other topics follow events and time. A "
        "peak after a start contains outputs that were not emitted before.",
    ),
)

READ_MODEL = (
    Chart(
        title="Redis accepts the read model",
        unit=ACCEPTS,
        kind="states",
        width=12,
        queries=(Query(worker("retention_worker_read_model_up"), EACH),),
        empty="no read model is configured, or no worker maintains it",
        do="If it refuses, run `retention doctor` to see whether Redis is reachable. Nothing else depends on Redis, and "
        "the read model is filled again automatically.",
    ),
    Chart(
        title="Read model lag",
        unit=COUNT,
        width=12,
        queries=(Query(worker("retention_worker_read_model_behind_records"), EACH),),
        empty="no read model is configured, or no worker maintains it",
        do="If it rises while Redis is up, Redis is too slow or too far away. Services that query it read old "
        "profiles.",
    ),
)

WORKERS = (
    Chart(
        title="Restore time",
        unit=SECONDS,
        width=6,
        queries=(Query(worker("retention_worker_recovery_seconds"), EACH),),
        do="If it takes minutes, add partitions with `retention reset`, so that each holds less state.",
    ),
    Chart(
        title="Customers stored",
        unit=COUNT,
        width=6,
        queries=(Query(worker("retention_worker_state_rows"), EACH),),
        do="If it is uneven, there are too few partitions for the number of workers.",
    ),
    Chart(
        title="State size",
        unit=BYTES,
        width=6,
        queries=(Query(worker("retention_worker_state_bytes"), EACH),),
        do="A worker uses about twice this much memory. Raise its memory limit before the state reaches it.",
    ),
    Chart(
        title="Versions",
        unit=COUNT,
        kind="bargauge",
        width=6,
        queries=(Query(f"count by (job, version) ({worker('retention_worker_info')})", "{{version}}"),),
        do="If two versions run for longer than a roll-out takes, complete the roll-out.",
    ),
)

BOARD = Board(
    uid="retention-pipeline",
    title="Pipeline",
    description="Freshness of the numbers: lag, latency, dead letters, recovery, and each worker.",
    rows=(
        Row("Now", NOW),
        Row("Flow", FLOW),
        Row("Tasks", TASKS),
        Row("Records", RECORDS, collapsed=True),
        Row("Read model", READ_MODEL, collapsed=True),
        Row("Workers", WORKERS, collapsed=True),
    ),
    variables=("instance",),
    span="now-6h",
    alerts=(
        "RetentionWorkersDown",
        "RetentionNoRollupOwner",
        "RetentionNumbersStale",
        "RetentionWorkerGone",
        "RetentionTargetDown",
        "RetentionLagGrowing",
        "RetentionSourceSilent",
        "RetentionDeadLetters",
        "RetentionRecordsLost",
    ),
)
