"""Kafka: the only package that knows its drivers, aiokafka and FastStream's broker over it."""
