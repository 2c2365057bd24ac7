"""The images of docker-compose.yml: those of the registry, or stand-ins of Debian's packages."""

import shutil
import subprocess
from pathlib import Path

from streams.local.kafka_runtime import _jars
from tests.support.container_engine import call, docker, has_image

SOURCES = Path(__file__).parents[1] / "containers" / "stand-ins"
#: Debian with Python 3.13 and a Redis 8.
RELEASE = "trixie"
DEBIAN = f"debian:{RELEASE}-slim"
PULL_SECONDS = 600


def provide(images, directory):
    """Provide each image under its name, and return the names of the stand-ins.

    Args:
        images: name with its version -> target in the Dockerfile of the stand-ins.
        directory: directory for the files of the stand-ins.
    """
    wanted = {image: target for image, target in images.items() if needs_stand_in(image)}
    if wanted:
        _make_debian(directory)
        context = _context(directory)
    for image, target in wanted.items():
        arguments = ("--network", "host", "--build-arg", f"DEBIAN={DEBIAN}", "--target", target)
        docker("build", *arguments, "--label", f"stand-in={target}", "--tag", image, context)
    return list(wanted)


def needs_stand_in(image):
    """Return whether there is no such image. An earlier stand-in is built again, from cached layers."""
    return is_stand_in(image) if has_image(image) else not pulled(image)


def is_stand_in(image):
    return bool(docker("image", "inspect", "--format", '{{index .Config.Labels "stand-in"}}', image).strip())


def pulled(image):
    """Return whether the registry gave the image."""
    try:
        done = subprocess.run(
            ["docker", "pull", "--quiet", image], capture_output=True, check=False, timeout=PULL_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _make_debian(directory):
    if has_image(DEBIAN) or pulled(DEBIAN):
        return
    root, archive = directory / "debian", directory / "debian.tar"
    shutil.rmtree(root, ignore_errors=True)
    call(["debootstrap", "--variant=minbase", RELEASE, root])
    call(["tar", "--create", "--file", archive, "--directory", root, "."])
    docker("import", archive, DEBIAN)
    shutil.rmtree(root)
    archive.unlink()


def _context(directory):
    """Return a directory with the sources of the stand-ins, and with Kafka's jars."""
    context = directory / "stand-ins"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(SOURCES, context)
    (context / "libs").mkdir()
    for jar in _jars():
        shutil.copy(jar, context / "libs")
    return context
