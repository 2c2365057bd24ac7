"""Access to Kafka beside Faust: topics, access rights, bulk reads of compacted topics, transactional output.

Imports `config`.
Start at `topics` and `admin`.
"""
