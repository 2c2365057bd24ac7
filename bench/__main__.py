"""Run benchmarks, print the results, and write them as JSON."""

import argparse
import importlib
import logging
import tempfile
from pathlib import Path

from bench import report

BENCHMARKS = {
    "throughput": "Events a second, against aiokafka's getmany and stock Faust",
    "parts": "What each part costs",
    "families": "What optional metrics cost, against none of them",
    "scaling": "Ten times the customers, and what one of them takes",
    "recovery": "A worker's restart, against stock Faust's",
    "liveness": "Probes while a worker restores many customers",
    "mapping": "A shop's own records against the contract's events",
    "latency": "From an event produced to its number on /metrics",
}


def main() -> None:
    """Parse the command line and run the benchmarks."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="small sizes, only to test the benchmarks")
    parser.add_argument(
        "--rounds", type=int, default=3, help="number of rounds; results are medians [%(default)s]"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results to FILE")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(tempfile.gettempdir()) / "retention-bench",
        help="directory in which filled topics are kept between runs [%(default)s]",
    )
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    # A new topic has no leader at first, and aiokafka logs every retry.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    found: dict[str, list[report.Line]] = {}
    for name, title in BENCHMARKS.items():
        if arguments.names and name not in arguments.names:
            continue
        found[name] = importlib.import_module(f"bench.{name}").run(
            arguments.data, quick=arguments.quick, rounds=arguments.rounds
        )
        report.show(title, found[name])
    if arguments.json:
        report.write(arguments.json, found)


if __name__ == "__main__":
    main()
