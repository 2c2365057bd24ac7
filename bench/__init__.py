"""Benchmarks: `python -m bench`, or one of them, `python -m bench throughput --quick`.

Each measures what it compares side by side, in one run on one machine, and prints ratios beside the targets.
Nothing here is a test: a slow machine fails nothing.
"""
