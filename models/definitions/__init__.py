"""What the shop decides: the parameters of every definition, and the units of time and money.

Imports no other package of the project.
Start at `definitions.Definitions`, then `windows`.
"""
