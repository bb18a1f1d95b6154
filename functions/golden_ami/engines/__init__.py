"""The engines: ways to have AMIs scanned, a package each. See docs/engines.md, and `base` for what each has."""
