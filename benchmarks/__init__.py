"""Measurements of the system against what people would use instead: `make bench`."""
