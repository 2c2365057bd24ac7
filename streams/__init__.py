"""Everything that touches the world: Kafka, Faust, Prometheus, Redis, the command line."""
