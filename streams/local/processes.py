"""Start child processes that do not outlive their parent."""

import os
import sys
from typing import Final

# Linux kills the child when the thread that started it ends, so that even `kill -9` of the parent leaves no
# process behind. A launcher sets the signal between fork and exec, because a `preexec_fn` may deadlock in a
# program with threads.
_LAUNCHER: Final = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


def die_with_parent(command: list[str]) -> list[str]:
    """Return a command whose process is killed when the thread that started it ends (on Linux).

    Args:
        command: absolute path of the program, and its arguments.
    """
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *command]
