"""Changes to aiokafka's record decoding.

Imports nothing of the project.
Start at `raw_records`.
"""
