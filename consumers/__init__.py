"""Kafka: how its clients reach the brokers, and what they are told when they cannot."""
