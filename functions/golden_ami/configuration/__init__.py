"""What to assess: the parameter's content, checked, and the AMIs that it names, looked up."""
