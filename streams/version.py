"""The version of the installed program, as `retention doctor`, `/metrics` and the query API show it."""

from importlib.metadata import version
from typing import Final

VERSION: Final = version("retention-streams")
