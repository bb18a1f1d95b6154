"""Commands for the embedded AWS: serve, faults, chaos."""
