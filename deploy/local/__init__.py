"""The local street: PostgreSQL, Apache Kafka and every service as child processes, from packages that pip brings."""
