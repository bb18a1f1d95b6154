"""What a run uses and costs, before and after."""
