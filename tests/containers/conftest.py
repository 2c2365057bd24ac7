"""Fixtures of the tests in a container engine, which only `make containers` runs."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.container_engine import docker, has_image
from tests.support.package_mirror import download, served, write_index
from tests.support.stand_ins import provide

ROOT = Path(__file__).parents[2]
#: Kept between runs: wheels, and what the stand-ins are made of.
BUILD = ROOT / "build" / "containers"
PYTHON_IMAGE = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[1]
#: The name of the Python image in a company's own registry.
MIRRORED_PYTHON = f"registry.example.org/mirror/{PYTHON_IMAGE}"


def pytest_collection_modifyitems(items):
    """Skip these tests, with the reason, unless `scripts/containers.sh` runs them."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(1800))
            if not os.environ.get("CONTAINERS"):
                item.add_marker(pytest.mark.skip(reason="needs a container engine: run `make containers`"))


@pytest.fixture(scope="session")
def images(request):
    """Provide the images that are built on and run, and print which are stand-ins."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    named = {service["image"]: service["image"].split(":")[0].split("/")[-1] for service in services.values()}
    wanted = {PYTHON_IMAGE: "python"} | {image: name for image, name in named.items() if name != "retention"}
    BUILD.mkdir(parents=True, exist_ok=True)
    stand_ins = provide(wanted, BUILD)
    terminal = request.config.pluginmanager.getplugin("terminalreporter")
    terminal.write_line(f"\nStand-ins, of Debian's packages: {', '.join(stand_ins) or 'none'}")
    return wanted


@pytest.fixture(scope="session")
def mirror(images):
    """The packages over HTTPS: (address, certificate of the authority)."""
    assert PYTHON_IMAGE in images
    wheels = BUILD / "wheels"
    wheels.mkdir(exist_ok=True)
    download(ROOT / "requirements", PYTHON_IMAGE, wheels)
    site = BUILD / "mirror"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir()
    write_index(wheels, site)
    with served(site, BUILD) as (address, certificate):
        yield address, certificate


@pytest.fixture(scope="session")
def checkout(mirror, tmp_path_factory):
    """A copy of the repository's files, with the certificate of the mirror where the documentation says."""
    copy = tmp_path_factory.mktemp("checkout")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        if (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    (copy / "deploy" / "certificates" / "company.crt").write_bytes(mirror[1])
    copy.chmod(0o755)
    copy.parent.chmod(0o755)
    return copy


@pytest.fixture(scope="session")
def build_arguments(mirror):
    docker("tag", PYTHON_IMAGE, MIRRORED_PYTHON)
    return {"PYTHON_IMAGE": MIRRORED_PYTHON, "PIP_INDEX_URL": f"{mirror[0]}/simple"}


@pytest.fixture(scope="session")
def image(checkout, build_arguments):
    """The image, built with nothing but the mirror."""
    given = [part for name, value in build_arguments.items() for part in ("--build-arg", f"{name}={value}")]
    docker("build", "--network", "host", *given, "--tag", "retention:proof", checkout)
    assert has_image("retention:proof")
    return "retention:proof"
