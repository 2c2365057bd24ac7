"""The image in a real engine: its build, its contents and its messages."""

import json

from tests.containers.conftest import PYTHON_IMAGE
from tests.support.container_engine import docker, run_image

HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--tmpfs", "/tmp")
MB = 1_000_000


def size(image):
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


def in_python(image, code, *flags):
    return run_image(image, "-c", code, flags=("--entrypoint", "python", *flags))


def test_image_built_behind_a_mirror_trusts_its_authority(image, mirror):
    code = f"from urllib.request import urlopen; print(urlopen('{mirror[0]}/simple/').status)"
    done = in_python(image, code, "--network", "host")
    assert done.stdout == "200\n", done.stderr


def test_our_part_of_the_image_is_below_120_megabytes(image):
    ours = (size(image) - size(PYTHON_IMAGE)) / MB
    assert ours < 120, docker("history", image)


def test_no_script_of_a_dependency_is_in_the_image(image):
    code = "import os, json; print(json.dumps(sorted(os.listdir('/opt/retention/bin'))))"
    names = json.loads(in_python(image, code).stdout)
    assert {name for name in names if not name.startswith("python")} == {"retention"}


def test_demo_ends_in_the_image_with_alternatives(image):
    done = run_image(image, "demo", flags=("--env", "RETENTION_BROKER=kafka:19092"))
    assert done.returncode == 1
    assert "the container image cannot run the demo" in done.stderr
    assert "docker compose up" in done.stderr
    assert "pip install" not in done.stderr


def test_embedded_kafka_is_not_in_the_image(image):
    done = run_image(image, "broker", flags=HARDENED)
    assert done.returncode == 8
    assert "the container image cannot run the embedded Kafka" in done.stderr


def test_hardened_image_computes_every_metric(image):
    shop = "retention simulate --customers 60 --out - | retention compute - --json"
    done = run_image(image, "-ec", shop, flags=(*HARDENED, "--entrypoint", "sh"))
    assert done.returncode == 0, done.stderr
    assert "retention_sentiment" in done.stdout


def test_every_input_and_the_read_model_can_be_used(image):
    code = "import cramjam, fastavro, faust, google.protobuf, google.type.money_pb2, re2, redis.asyncio"
    done = in_python(image, code, *HARDENED)
    assert done.returncode == 0, done.stderr
    commands = "worker simulate map load compute history fit dead-letters erase doctor reset"
    script = f"for each in {commands}; do retention $each --help >/dev/null; done"
    done = run_image(image, "-ec", script, flags=(*HARDENED, "--entrypoint", "sh"))
    assert done.returncode == 0, done.stderr
