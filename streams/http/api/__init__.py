"""The query API: who is behind a number, answered by any worker whichever owns the customer (docs/api.md)."""
