"""The tests, by kind: unit, contract, architecture, integration, e2e, fault, browser."""
