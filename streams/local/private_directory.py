"""Directories that no other user of this machine can read: they hold all events of a shop."""

from pathlib import Path
from typing import Final

#: Permission bits that a child process takes from the files that it creates.
PRIVATE_UMASK: Final = 0o077


def make_private(directory: Path) -> None:
    """Create a directory that only its owner can read, or restrict an existing one to its owner.

    Args:
        directory: path of the directory; missing parents are created with the usual permissions.

    Raises:
        OSError: it cannot be created, or belongs to another user.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = directory.stat().st_mode
    if mode & PRIVATE_UMASK:  # of an earlier release
        directory.chmod(mode & ~PRIVATE_UMASK)
