"""Turn the text of settings and of the TOML file into paths."""

import errno
import os
from pathlib import Path
from typing import Final

#: Errors of a path that can never exist.
_IMPOSSIBLE: Final = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ})


def path_of(text: str) -> Path:
    """Return a path, with `~` and `~user` replaced by the home directory.

    Raises:
        ValueError: the user has no home directory, or no file system accepts the path.
    """
    try:
        path = Path(text).expanduser()
        os.lstat(path)
    except RuntimeError:
        raise ValueError(f"expected a home directory for {text.partition('/')[0]}") from None
    except OSError as error:
        if error.errno in _IMPOSSIBLE:
            raise ValueError(f"expected a path that can exist: {error.strerror}") from None
    except ValueError:
        raise ValueError("expected a path without null characters") from None
    return path
