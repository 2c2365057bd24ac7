"""The connections of the HTTP server: which are accepted, how long they may last, and which are ended.

Imports `client_address` and `probes`. Start at `listener`.
"""
