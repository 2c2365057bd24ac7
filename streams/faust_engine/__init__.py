"""Faust with record batches: the application, the transport, the table and the assignor.

Imports `config` and `kafka`.
Start at `app`.
"""
