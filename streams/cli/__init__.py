"""The command line, `retention`: one module for each command, imported when the command runs.

The modules hold options, progress bars and printing only. Click and Rich are imported here alone, apart from
the demo's view.
Start at `group`.
"""

from streams.cli.group import main

__all__ = ["main"]
