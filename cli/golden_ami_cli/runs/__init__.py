"""Runs of a stack: listed, watched, cancelled, reaped, and past ones shown again."""
