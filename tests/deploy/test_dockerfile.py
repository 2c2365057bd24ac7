"""The Dockerfile, without a container engine: hadolint's rules and the rules of this project."""

import fnmatch
import json
import re
import subprocess
import sys
from pathlib import Path

from streams.config.load import SETTINGS
from streams.errors import IN_IMAGE

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LINES = [line for line in re.sub(r"\\\n\s*", "", TEXT).splitlines() if line and not line.startswith("#")]
ARGS = dict(re.findall(r"^ARG (\w+)=?(\S*)$", TEXT, re.MULTILINE))
STAGES = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
LAST = LINES[max(n for n, line in enumerate(LINES) if line.startswith("FROM")) :]


def ignored(path):
    """Whether .dockerignore keeps it out: the last pattern that matches decides."""
    out = False
    for pattern in (ROOT / ".dockerignore").read_text().splitlines():
        if pattern and not pattern.startswith("#"):
            name = pattern.removeprefix("!").removeprefix("**/")
            if fnmatch.fnmatch(path, name):
                out = not pattern.startswith("!")
    return out


def test_hadolint_finds_nothing():
    hadolint = Path(sys.executable).parent / "hadolint"
    result = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_both_stages_use_one_pinned_base_image():
    assert STAGES == ["${PYTHON_IMAGE}"] * 2
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", ARGS["PYTHON_IMAGE"])


def test_package_index_and_certificates_of_a_company_are_used():
    build = LINES[: LINES.index("FROM ${PYTHON_IMAGE}")]
    first_install = next(n for n, line in enumerate(build) if "pip install" in line)
    before = build[:first_install]
    assert "ARG PIP_INDEX_URL" in before
    assert "COPY deploy/certificates /usr/local/share/ca-certificates/retention" in before
    assert "RUN update-ca-certificates" in before
    assert any("PIP_CERT=/etc/ssl/certs/ca-certificates.crt" in line for line in before)
    assert "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/" in LAST


def test_locked_versions_are_verified():
    installs = re.findall(r"pip\S*(?: --python \S+)? install ((?:--\S+ )*)(?:-r )?(\S+)", TEXT)
    assert {file for options, file in installs if "--require-hashes" in options} == {
        "build.txt",
        "worker.txt",
    }
    assert [file for options, file in installs if "--require-hashes" not in options] == ["/tmp/wheel/*.whl"]


def test_no_step_uninstalls_anything():
    assert "uninstall" not in TEXT


def test_image_runs_as_unprivileged_user():
    users = [line for line in LAST if line.startswith("USER")]
    assert re.fullmatch(r"USER (\d{4,}):\1", users[-1])


def test_last_stage_has_no_compiler_and_no_installer():
    assert not [line for line in LAST if "apt-get" in line or "pip install" in line]


def test_copied_paths_exist_and_are_not_ignored():
    for line in LINES:
        if line.startswith("COPY") and "--from" not in line:
            *sources, _ = line.split()[1:]
            for source in sources:
                assert (ROOT / source).exists()
                assert not ignored(source), source
    for secret in (".git", ".venv", "tests", "data", ".env", "deploy/kubernetes"):
        assert ignored(secret), secret


def test_environment_names_settings_that_exist():
    known = {setting.variable for setting in SETTINGS.values()}
    assert set(re.findall(r"\b(RETENTION_\w+)=", TEXT)) <= known | {IN_IMAGE}


def test_image_sets_the_variable_by_which_errors_know_it():
    assert re.search(rf"\b{IN_IMAGE}=1$", TEXT, re.MULTILINE)


def test_scripts_of_dependencies_are_deleted_before_ours():
    deleted = TEXT.index("find /opt/retention/bin -mindepth 1 ! -name 'python*' -delete")
    assert TEXT.index("-r worker.txt") < deleted < TEXT.index("/tmp/wheel/*.whl")


def test_health_check_is_light_and_patient():
    [check] = [line for line in LAST if line.startswith("HEALTHCHECK")]
    options = dict(re.findall(r"--(\S+)=(\d+)", check))
    assert int(options["timeout"]) >= 10
    program, *flags, code = json.loads(check[check.index("[") :])
    assert [program, *flags] == ["python", "-I", "-S", "-c"]
    assert re.findall(r"import (\w+)", code) == ["socket"]
    assert "/live" in code


def test_image_stops_by_sigterm():
    assert "STOPSIGNAL SIGTERM" in LAST
