"""The read model in Redis, for services that ask instead of subscribing (docs/read-model.md)."""
