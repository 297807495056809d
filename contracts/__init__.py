"""What the services tell each other: the envelope, one file of events a topic, and the schemas, examples and topics beside them."""
