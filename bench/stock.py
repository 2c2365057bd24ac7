"""Run stock Faust for comparison: an agent that counts events per customer in a table, as documented.

Run by the benchmarks as its own process; prints one JSON object and ends. What it measures is told by the
first argument: `count` events, or `recover` rows of its table.
"""

import json
import os
import sys
import threading
import time

import faust

STARTED = time.monotonic()
PARTITIONS = 8


def make(broker: str, group: str, port: int) -> faust.App:
    """Return a stock Faust app with default settings."""
    return faust.App(
        group,
        broker=f"kafka://{broker}",
        store="memory://",
        topic_partitions=PARTITIONS,
        topic_replication_factor=1,
        web_port=port,
        web_bind="127.0.0.1",
    )


def finish(**found: float) -> None:
    """Print the result and exit at once."""
    print(json.dumps(found), flush=True)
    os._exit(0)


def count(app: faust.App, topics: list[str], events: int) -> None:
    """Count the first `events` events per customer."""
    table = app.Table("counts", default=int, partitions=PARTITIONS)
    first = busy = 0.0
    seen = 0

    async def agent(stream: faust.Stream) -> None:
        nonlocal first, busy, seen
        async for event in stream:
            table[event["customer_id"]] += 1
            seen += 1
            if seen == 1:
                first, busy = time.monotonic(), time.process_time()
            elif seen == events:
                seconds, cost = time.monotonic() - first, (time.process_time() - busy) / events * 1e6
                finish(events=events, seconds=seconds, cost=cost)

    app.agent(app.topic(*topics))(agent)


def recover(app: faust.App, topics: list[str], rows: int) -> None:
    """Recover the table and print the times of its first and last row."""
    table = app.Table("counts", default=int, partitions=PARTITIONS)
    read: list[float] = []

    async def agent(stream: faust.Stream) -> None:
        async for event in stream:
            table[event["customer_id"]] += 1

    async def recovered(*_: object) -> None:
        if len(table.data) >= rows:
            done = time.monotonic()
            finish(rows=len(table.data), seconds=(read or [done])[-1] - read[0], caught_up=done - STARTED)

    def watch() -> None:
        found = 0
        while found < rows:
            time.sleep(0.02)
            if len(table.data) > found:
                found = len(table.data)
                read.append(time.monotonic())

    app.agent(app.topic(*topics))(agent)
    table.on_recover(recovered)
    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Run a stock Faust worker."""
    what, broker, group, port, topics, size = sys.argv[1:]
    app = make(broker, group, int(port))
    {"count": count, "recover": recover}[what](app, topics.split(","), int(size))
    faust.Worker(app, loglevel="error", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main()
