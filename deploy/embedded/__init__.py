"""The real Apache Kafka, MongoDB and Redis on one machine: for development, tests and small installations."""
