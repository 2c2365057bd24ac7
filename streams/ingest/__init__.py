"""Records of the input topics become events, facts, and dead letters.

Imports `config`, `kafka`, `mapping` and `models`.
Start at `router`.
"""
