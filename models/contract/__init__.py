"""What crosses the border: the input events, the output messages, and their CloudEvents form.

Imports `definitions`.
Start at `events`; `decoding` turns a record's value into an event.
"""
