"""Which AMIs are versions of one golden AMI: the lineage of each, and the rule that told it."""
