"""The real servers on one machine: Apache Kafka and PostgreSQL, from wheels, to try and test.

Nothing here is imported before a command that runs a server is called.
"""
