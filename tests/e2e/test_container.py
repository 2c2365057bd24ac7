"""The image's worker as a process without a container engine: environment, limits, health check and end."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time

import pytest
import yaml

from streams.local.ports import free_port
from tests.support.hardened import hardened
from tests.support.worker_process import ROOT

SERVICE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["worker"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PORT = "6066"


def environment(bootstrap, port):
    """Return the environment of the image and of Compose, with addresses of this machine."""
    image = dict(re.findall(r"^\s*(?:ENV )?(RETENTION_\w+|PYTHON\w+)=(\S+)", DOCKERFILE, re.MULTILINE))
    here = {
        "RETENTION_BROKER": bootstrap,
        "RETENTION_CONFIG": str(ROOT / "streams" / "demo" / "shop.toml"),
        "RETENTION_HOST": "127.0.0.1",
        "RETENTION_PORT": str(port),
    }
    assert {"RETENTION_DATA_DIR", "PYTHONUNBUFFERED"} <= image.keys()
    return {"PATH": os.environ["PATH"], **image, **SERVICE["environment"], **here}


def start(environ, log):
    command = hardened([sys.executable, "-m", "streams.cli", *SERVICE["command"]])
    with log.open("wb") as out:
        return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=out)


def health(port):
    """Return the exit code of the health check."""
    command = json.loads(re.search(r"^HEALTHCHECK.*?CMD (\[.*?\])$", DOCKERFILE, re.MULTILINE | re.DOTALL)[1])
    python, *arguments = [part.replace(PORT, str(port)) for part in command]
    assert python == "python"
    return subprocess.run([sys.executable, *arguments], capture_output=True, check=False).returncode


async def until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)


@pytest.mark.skipif(sys.platform != "linux", reason="containers are Linux")
async def test_read_only_container_is_healthy_and_stops_in_time(cluster, tmp_path):
    port = free_port()
    log = tmp_path / "log"
    assert health(port) != 0
    process = start(environment(cluster.bootstrap, port), log)
    try:
        await until(lambda: health(port) == 0 or process.poll() is not None, 60)
        assert process.poll() is None, log.read_text()
        process.terminate()
        grace = float(SERVICE["stop_grace_period"].removesuffix("s"))
        await until(lambda: process.poll() is not None, grace)
        assert process.returncode == 0, log.read_text()
        assert all(json.loads(line) for line in log.read_text().splitlines())
    finally:
        process.kill()
        process.wait()
