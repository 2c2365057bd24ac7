"""Faults of the broker's process and of its disk."""

import asyncio
import os
import random
import signal
import threading
from pathlib import Path

from tests.soak.installation import Installation

_BLOCK, _BLOCKS = b"\0" * (4 << 20), 16


async def restart(installation: Installation, _: random.Random, seconds: float) -> None:
    """Stop the broker gracefully, and start it later."""
    installation.report.log(f"broker stops, and starts after {seconds:.1f} s")
    await asyncio.to_thread(installation.broker.stop)
    await _start_after(installation, seconds)


async def kill(installation: Installation, _: random.Random, seconds: float) -> None:
    """Kill the broker, and start it later."""
    installation.report.log(f"broker is killed, and starts after {seconds:.1f} s")
    await asyncio.to_thread(installation.broker.kill)
    await _start_after(installation, seconds)


async def pause(installation: Installation, _: random.Random, seconds: float) -> None:
    """Suspend the broker, and wake it: before or after the sessions of the workers have expired."""
    installation.report.log(f"broker is suspended for {seconds:.1f} s")
    await _suspend(installation, seconds)


async def slow_disk(installation: Installation, rng: random.Random, seconds: float) -> None:
    """Make the broker stall as on a slow disk, and keep the disk busy.

    Throttling one process's disk needs root. So the broker is suspended for a part of a second again and
    again, as if it waited for the disk, while a thread writes to the broker's directory and waits for the
    disk after each block.
    """
    installation.report.log(f"disk is slow for {seconds:.1f} s")
    over = threading.Event()
    load = asyncio.create_task(asyncio.to_thread(_keep_busy, installation.broker.data_dir / "load", over))
    try:
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            await _suspend(installation, rng.uniform(0.05, 0.8))
            await asyncio.sleep(rng.uniform(0.02, 0.2))
    finally:
        over.set()
        await load


def _keep_busy(path: Path, over: threading.Event) -> None:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not over.is_set():
            for number in range(_BLOCKS):
                os.pwrite(file, _BLOCK, number * len(_BLOCK))
                os.fsync(file)
    finally:
        os.close(file)
        path.unlink()


async def _suspend(installation: Installation, seconds: float) -> None:
    pid = installation.broker.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


async def _start_after(installation: Installation, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await asyncio.to_thread(installation.broker.start)
