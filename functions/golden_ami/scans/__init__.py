"""The scans of a run, from their start to their stored findings."""
