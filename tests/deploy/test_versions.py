"""Every place that names an image names the present release."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
PLACES = [
    "docker-compose.yml",
    "deploy/kubernetes/README.md",
    "deploy/kubernetes/base/workers.yaml",
    "deploy/kubernetes/overlays/example/kustomization.yaml",
    "docs/how-to/build-the-image.md",
]


@pytest.mark.parametrize("place", PLACES)
def test_image_has_the_version_of_the_release(place):
    found = re.findall(r"(?:\bretention:|newTag: )(\d+\.\d+\.\d+)", (ROOT / place).read_text())
    assert found
    assert set(found) == {VERSION}
