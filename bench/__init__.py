"""Benchmarks: `python -m bench`, or one of them, `python -m bench throughput --quick`.

Each benchmark measures the compared systems side by side, in one run, and prints ratios beside the targets.
No build depends on a benchmark.
"""
