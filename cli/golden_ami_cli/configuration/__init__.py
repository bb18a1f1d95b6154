"""`golden-ami config …`: a configuration file begun, checked, shown and put into the parameter."""
