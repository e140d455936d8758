"""Kafka: the topics of the log, the relay that fills them, and the feed that reads them."""
