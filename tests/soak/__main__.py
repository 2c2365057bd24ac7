"""`python -m tests.soak`: run a soak of random faults."""

import asyncio
import logging
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import click

from tests.soak.faults import FAULTS
from tests.soak.run import soak

BUILD = Path(__file__).parents[2] / "build" / "soak"
_UNITS = {"s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType):
    """A number with a unit: `90s`, `5m` or `1h`."""

    name = "duration"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return float(value[:-1]) * _UNITS[value[-1:]]
        except (KeyError, ValueError):
            self.fail(f"{value!r} is not a number with a unit, such as 90s, 5m or 1h", param, ctx)


@click.command(
    epilog="Faults (lose-topic, unless it is named, in later rounds only): "
    + "; ".join(f"{name}: {fault.summary}" for name, fault in FAULTS.items())
)
@click.option("--seed", type=int, help="Seed of events and faults; a random one by default.")
@click.option(
    "--duration", type=Duration(), default="1h", show_default=True, help="How long to begin rounds."
)
@click.option("--only", type=click.Choice([*FAULTS]), multiple=True, help="Only this fault; may be repeated.")
@click.option(
    "--patience", type=Duration(), default="5m", show_default=True, help="Until the numbers are right."
)
@click.option("--keep", is_flag=True, help="Keep the files of a run without differences too.")
def command(seed: int | None, duration: float, only: tuple[str, ...], patience: float, *, keep: bool) -> None:
    """Break a running installation at random, and compare its numbers with the oracle's.

    The exit code is 1 if something differs.
    """
    seed = random.randrange(1_000_000) if seed is None else seed
    directory = BUILD / f"{time.strftime('%Y%m%d-%H%M%S')}-seed-{seed}"
    directory.mkdir(parents=True)
    logging.basicConfig(filename=directory / "clients.log", level=logging.WARNING)
    try:
        right = asyncio.run(_until_signal(directory, seed, duration, only, patience))
    except KeyboardInterrupt:
        click.echo(f"Stopped; every process has ended, and the logs are in {directory}")
        sys.exit(130)
    except BaseException:
        click.echo(f"The soak itself failed; the logs are in {directory}")
        raise
    if right and not keep:
        shutil.rmtree(directory)
    else:
        click.echo(f"The logs are in {directory}")
    sys.exit(0 if right else 1)


async def _until_signal(*arguments: object) -> bool:
    """Run the soak; SIGTERM ends it as Ctrl-C does."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)
    return await soak(*arguments)


if __name__ == "__main__":
    command()
