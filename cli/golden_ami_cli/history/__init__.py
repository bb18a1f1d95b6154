"""The visual execution history: what happened in one execution, from AWS, from the archive or from a local run."""
