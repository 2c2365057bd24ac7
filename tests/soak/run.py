"""Run a soak: rounds of faults under traffic, a check after each, and all checks at the end."""

import asyncio
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

from tests.soak import checks, plan
from tests.soak.faults import FAULTS, LATE, strike
from tests.soak.hanging import end_hanging
from tests.soak.installation import WORKERS, Installation
from tests.soak.oracle_process import OracleProcess
from tests.soak.report import Report

#: Events of a round: some that are sent at once, and some for each second of its faults.
_AT_ONCE, _A_SECOND = 60, 15
_CHECKS = {
    "numbers": checks.check_numbers,
    "processes": checks.check_processes,
    "outputs": checks.check_outputs,
    "dead letters": checks.check_dead_letters,
    "read model": checks.check_read_model,
}


class Soak:
    """A run.

    Args:
        installation: what is broken.
        seed: seed of the rounds.
        only: faults to choose from; all if it is empty, and some of them in later rounds only.
        patience: seconds until everything must be right after a round.

    Attributes:
        rounds: number of rounds that ended.
        results: those of the last checks, by name.
    """

    def __init__(self, installation: Installation, seed: int, only: Sequence[str], patience: float) -> None:
        self.rounds = 0
        self.results: dict[str, checks.CheckResult] = {}
        self._installation = installation
        self._oracle = OracleProcess(installation.broker.bootstrap)
        resources = {name: fault.resource for name, fault in FAULTS.items()}
        self._plan = plan.rounds(seed, resources, only or [*FAULTS], () if only else LATE)
        self._patience = patience

    @property
    def differences(self) -> dict[str, list[str]]:
        """Check -> its differences, of the checks that found some."""
        return {name: found.differences for name, found in self.results.items() if found.differences}

    async def run(self) -> None:
        """Run rounds until the time is over or something differs, then check everything after a restart."""
        report = self._installation.report
        try:
            await self._round(plan.Round(0, (), thorough=True))
            report.begin()
            while report.left > 0 and not self.differences:
                await self._round(next(self._plan))
                self.rounds += 1
            if not self.differences:
                await self._restart_all()
                await self._check(_CHECKS)
        finally:
            self._oracle.close()

    async def _round(self, one: plan.Round) -> None:
        seconds = max([1.0, *(step.begin + step.seconds for step in one.steps)])
        self._installation.report.log(f"round {one.number}")
        async with asyncio.TaskGroup() as tasks:
            number = _AT_ONCE + int(_A_SECOND * seconds)
            tasks.create_task(self._installation.traffic.send(number, seconds))
            for step in one.steps:
                tasks.create_task(self._strike(step))
        await self._installation.heal()
        await end_hanging(self._installation)
        await self._check(_CHECKS if one.thorough else ["numbers", "processes"])

    async def _strike(self, step: plan.Step) -> None:
        await asyncio.sleep(step.begin)
        await strike(self._installation, step)

    async def _restart_all(self) -> None:
        """Replace all workers, so that everything comes from the state in the changelog."""
        self._installation.report.log("stop all workers, and start others from the stored state")
        await asyncio.gather(*map(self._installation.stop, self._installation.deployment.alive))
        for _ in range(WORKERS):
            self._installation.start_worker()

    async def _check(self, names: Sequence[str]) -> None:
        for name in names:
            found = await _CHECKS[name](self._installation, self._oracle, self._patience)
            self.results[name] = found
            wrong = f"{len(found.differences):,} of {found.checked:,} differ"
            right = f"{found.checked:,} right"
            self._installation.report.log(f"{name}: {wrong if found.differences else right}")


async def soak(directory: Path, seed: int, seconds: float, only: Sequence[str], patience: float) -> bool:
    """Run a soak, print its summary, and return whether nothing differs.

    Args:
        directory: folder of all files of the run.
        seed: seed of events and faults.
        seconds: how long to begin rounds.
        only: faults to choose from; all if it is empty, and some of them in later rounds only.
        patience: seconds until everything must be right after a round.
    """
    report = Report(directory, seconds)
    installation = Installation(directory, report, seed)
    report.log(f"seed {seed}; the logs are in {directory}")
    try:
        async with installation.running():
            for _ in range(WORKERS):
                installation.start_worker()
            run = Soak(installation, seed, only, patience)
            await run.run()
    finally:
        _keep_events(directory, installation)
    for line in report.summary(run.rounds, len(installation.traffic.sent), len(installation.hostile)):
        report.log(line)
    for name, lines in run.differences.items():
        report.log("\n".join([f"{name}:", *lines[:20]]))
        with (directory / "differences.txt").open("a") as file:
            file.write("\n".join([f"{name}:", *lines, ""]))
    values = run.results["numbers"]
    report.log(f"{len(values.differences):,} of {values.checked:,} values differ from the oracle's")
    report.close()
    return not run.differences


def _keep_events(directory: Path, installation: Installation) -> None:
    """Write the events of the run, for `retention compute` and the oracle."""
    with gzip.open(directory / "events.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(event) + "\n" for event in installation.traffic.sent)
