"""What a run uses and costs, before and after. Pure: nothing here asks AWS."""
