"""Run a Prometheus for the demo, if one is installed, with the project's rules and with past metrics.

The shop's last weeks pass in about a minute. `Recorder` keeps the metrics of these weeks. Prometheus imports
them when it starts, so that rules that compare with a week before find data.
"""

import asyncio
import contextlib
import math
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO, Final

from streams.demo.story import AS_OF
from streams.local.processes import die_with_parent
from streams.monitoring import alerting_files
from streams.monitoring.scrape import Scrape, Series

_JOB: Final = "retention"
#: Seconds between two recorded values: the rules look back at most an hour.
_STEP_SECONDS: Final = 3000.0
#: `for` of the alerts about the shop. In production it is up to an hour, longer than a demo.
_HOLD: Final = "5s"
_SCRAPE: Final = "2s"
#: Duration of the imported blocks. With the default of two hours the import would take a minute.
_BLOCK: Final = "8760h"
_HELD = re.compile(r"record: job:(\w+):held")
_FOR = re.compile(r"^( +for: ).*$", re.MULTILINE)
_PIPELINE: Final = "- name: retention-pipeline"
#: Address of the runbook in the rules, as `docker compose up` serves it.
_RUNBOOK: Final = "http://127.0.0.1:9090/user/"


def is_installed() -> bool:
    """Return whether `prometheus` and `promtool` are on the path."""
    return bool(shutil.which("prometheus") and shutil.which("promtool"))


def _program(name: str) -> str:
    return shutil.which(name) or name


class Recorder:
    """The past values of the series that the recording rules record."""

    def __init__(self) -> None:
        recorded = (alerting_files.directory() / "rules" / "recording.yml").read_text(encoding="utf-8")
        self._names = frozenset(_HELD.findall(recorded))
        self._rows: list[tuple[float, Series]] = []

    def add(self, scrape: Scrape) -> None:
        """Add the metrics of an instant, unless it is not later than the last one."""
        as_of = scrape.value(AS_OF)
        if self._rows and not as_of > self._rows[-1][0]:
            return
        series = {
            key: value
            for key, value in scrape.series.items()
            if key[0] in self._names and self._is_used(key[1])
        }
        if series and not math.isnan(as_of):
            self._rows.append((as_of, series))

    @staticmethod
    def _is_used(labels: tuple[tuple[str, str], ...]) -> bool:
        """Return whether a rule uses the series. Most series, those by priority, are not used."""
        return dict(labels).get("priority", "all") == "all"

    def write(self, file: IO[str]) -> None:
        """Write the series that the recording rules would have recorded, as OpenMetrics."""
        for at, series in self._instants():
            for (name, labels), value in series.items():
                text = ",".join(f'{label}="{content}"' for label, content in (("job", _JOB), *labels))
                file.write(f"job:{name}:held{{{text}}} {value} {at:.0f}\n")
        file.write("# EOF\n")

    def _instants(self) -> Iterator[tuple[float, Series]]:
        """Yield instants with their values: a value holds until the next one."""
        for (at, series), (until, _) in pairwise(self._rows):
            for number in range(math.ceil((until - at) / _STEP_SECONDS)):
                yield at + number * _STEP_SECONDS, series


@asynccontextmanager
async def running(directory: Path, port: int, target: str, recorder: Recorder) -> AsyncIterator[None]:
    """Run a Prometheus until the context is left.

    Args:
        directory: directory of all its files; existing files are deleted.
        port: port on 127.0.0.1.
        target: address to scrape, `host:port`.
        recorder: past values to import.
    """
    await asyncio.to_thread(_prepare, directory, port, target, recorder)
    with (directory / "prometheus.log").open("wb") as log:
        past = await asyncio.create_subprocess_exec(
            *die_with_parent([
                _program("promtool"), "tsdb", "create-blocks-from", "--quiet",
                f"--max-block-duration={_BLOCK}", "openmetrics",
                str(directory / "past.om"), str(directory / "data"),
            ]),
            stdout=log, stderr=log,
        )  # fmt: skip
        try:
            await past.wait()
        finally:
            await _terminate(past)
        process = await asyncio.create_subprocess_exec(
            *die_with_parent([
                _program("prometheus"), f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
                "--enable-feature=exemplar-storage",
                f"--web.user-assets={alerting_files.directory() / 'user'}",
            ]),
            stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield
        finally:
            await _terminate(process)


async def _terminate(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
    await process.wait()


def _prepare(directory: Path, port: int, target: str, recorder: Recorder) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "data").mkdir(parents=True)
    (directory / "rules").mkdir()
    with (directory / "past.om").open("w", encoding="utf-8") as file:
        recorder.write(file)
    for path in (alerting_files.directory() / "rules").glob("*.yml"):
        rules = _with_short_holds(path.read_text(encoding="utf-8")).replace(
            _RUNBOOK, f"http://127.0.0.1:{port}/user/"
        )
        (directory / "rules" / path.name).write_text(rules, encoding="utf-8")
    (directory / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {_SCRAPE}, evaluation_interval: {_SCRAPE}}}\n"
        "rule_files: [rules/*.yml]\n"
        f"scrape_configs: [{{job_name: {_JOB}, static_configs: [{{targets: ['{target}']}}]}}]\n",
        encoding="utf-8",
    )


def _with_short_holds(rules: str) -> str:
    """Return the rules with alerts about the shop that fire after seconds."""
    business, pipeline, rest = rules.partition(_PIPELINE)
    return _FOR.sub(rf"\g<1>{_HOLD}", business) + pipeline + rest
