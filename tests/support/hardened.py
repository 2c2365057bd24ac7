"""Run a process with Compose's container restrictions: no capabilities, a read-only file system."""

import os
from collections.abc import Sequence
from pathlib import Path

# The process replaces the shell, so that signals and the exit code are its own.
_SCRIPT = """
mount --make-rprivate /
while [ "$1" != -- ]; do
  case "$1" in
    *:*) mount -t tmpfs -o "noexec,nosuid,nodev,${1#*:}" tmpfs "${1%%:*}" ;;
    *) mount --bind "$1" "$1" ;;
  esac
  shift
done
shift
mount -o remount,ro,bind / /
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
"""


def hardened(command: Sequence[str | Path], *writable: Path | str) -> list[str]:
    """Return the command with the limits of `read_only`, `cap_drop` and `no-new-privileges` (Linux).

    `writable` are the directories that are a volume there, or a tmpfs: `DIRECTORY:OPTIONS`, as Docker mounts
    it, from which nothing is executed unless the options say so.
    """
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    shell = ["sh", "-euc", _SCRIPT, "hardened"]
    return ["unshare", *user, "--mount", *shell, *map(str, writable), "--", *map(str, command)]
