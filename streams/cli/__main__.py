"""Run the command line with `python -m streams.cli`, where the script `retention` is not on the path."""

from streams.cli import main

main()
