"""The memory of a lineage: each of its findings, since when it is known, and on which of its AMIs it was found."""
