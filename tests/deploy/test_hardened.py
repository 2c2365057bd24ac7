"""The hardening of the other tests has its effects."""

import subprocess

from tests.support.hardened import hardened


def run(*command, writable=()):
    return subprocess.run(hardened(command, *writable), capture_output=True, text=True, check=False)


def test_hardened_process_writes_only_to_allowed_paths(tmp_path):
    elsewhere, volume = tmp_path / "elsewhere", tmp_path / "volume"
    volume.mkdir()
    assert "Read-only file system" in run("touch", elsewhere).stderr
    assert run("touch", volume / "file", writable=[volume]).returncode == 0
    assert (volume / "file").exists()
    assert not elsewhere.exists()


def test_hardened_process_cannot_gain_capabilities():
    status = dict(
        line.split(":\t", 1) for line in run("cat", "/proc/self/status").stdout.splitlines() if ":\t" in line
    )
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {0}
    assert status["NoNewPrivs"] == "1"
