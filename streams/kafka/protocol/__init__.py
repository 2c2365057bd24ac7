"""Requests of Kafka's protocol that aiokafka does not have: two versions of `Metadata`.

Imports aiokafka only.
Start at `topic_ids` (KIP-516) and `authorized_operations` (KIP-430). Both can go once aiokafka has them.
"""
