"""The commands of an operator, while other things break: none ends with a traceback or changes a number."""

import asyncio
import contextlib
import os
import random
import sys

from streams.local.processes import die_with_parent
from tests.soak.installation import Installation
from tests.support.worker_process import ROOT

COMMANDS = (
    ("doctor",),
    ("dead-letters", "list", "--limit", "200"),
    ("dead-letters", "list", "--json"),
    ("dead-letters", "redrive"),
    ("dead-letters", "redrive", "--dry-run"),
)


async def operate(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Run a command of the operator, on one of the ways to the broker."""
    command = rng.choice(COMMANDS)
    link = rng.choice(installation.links)
    installation.report.log(f"operator runs {' '.join(command)}")
    settings = installation.deployment.settings | {"RETENTION_BROKER": f"127.0.0.1:{link.port}"}
    process = await asyncio.create_subprocess_exec(
        *die_with_parent([sys.executable, "-m", "streams.cli", *command]),
        cwd=ROOT,
        env=os.environ | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds + 60.0)
    except TimeoutError:
        installation.crashed.append(f"{' '.join(command)} did not end within {seconds + 60.0:.0f} s")
        return
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode is not None
    if b"Traceback (most recent call last)" in output or process.returncode < 0:
        last = output.decode(errors="replace").splitlines()[-1:]
        line = f"{' '.join(command)} ended with exit code {process.returncode}: {last}"
        installation.crashed.append(line)
        installation.report.log(line)
        (installation.directory / f"command-{process.pid}.log").write_bytes(output)
