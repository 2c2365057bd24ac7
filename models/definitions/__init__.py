"""The parameters of every definition that the shop configures, and the units of time and money.

Imports no other package of the project.
Start at `definitions.Definitions`, then `windows`.
"""
