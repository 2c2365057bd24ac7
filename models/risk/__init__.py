"""Churn risk: lateness, the MBG/NBD model, and the purchase histories to fit it.

Imports `definitions`, `facts`, `identity` and `entities`.
Start at `lateness`.
"""
