"""The embedded AWS: moto, what moto lacks, and a clock that skips the waiting."""
