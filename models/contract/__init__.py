"""The contract with other services: input events, output messages, and their CloudEvents form.

Imports `definitions`.
Start at `events`, then `decoding`, which turns the value of a record into an event.
"""
