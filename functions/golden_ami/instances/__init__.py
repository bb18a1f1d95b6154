"""What is launched for a run, and that nothing of it stays."""
