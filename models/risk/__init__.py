"""How likely a customer is to return: lateness, the MBG/NBD model, and purchase histories to fit it.

Imports `definitions`, `facts`, `identity` and `entities`.
Start at `lateness`.
"""
