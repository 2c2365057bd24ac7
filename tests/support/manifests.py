"""The resources that kustomize builds of the manifests."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"


@cache
def built(name):
    """Return the resources of a kustomization."""
    command = [Path(sys.executable).parent / "kubectl", "kustomize", KUBERNETES / name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def only(kind, name="overlays/example"):
    [found] = [resource for resource in built(name) if resource["kind"] == kind]
    return found


def named(kind):
    found = [resource for resource in built("overlays/example") if resource["kind"] == kind]
    return {resource["metadata"]["name"]: resource for resource in found}


def copied(resources):
    return json.loads(json.dumps(list(resources.values())))
