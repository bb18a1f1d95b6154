"""Breaking runs on purpose, and checking that nothing is lost and nothing left running."""
