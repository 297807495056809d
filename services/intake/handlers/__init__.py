"""What intake does with a request: about a case, and about who a person is. Each in one transaction."""
