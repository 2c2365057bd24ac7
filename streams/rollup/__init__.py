"""The partial results of all partitions become one set of published metrics.

Imports `kafka` and `models`.
Start at `collector`.
"""
