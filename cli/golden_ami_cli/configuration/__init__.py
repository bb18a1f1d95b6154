"""`golden-ami config …`: a configuration file checked, shown and put into the parameter."""
