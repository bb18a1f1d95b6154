"""What is done with verdicts, as the configuration's `act` asks."""
