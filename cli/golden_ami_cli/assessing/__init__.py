"""`golden-ami assess` and what follows a run to its result, locally or in a stack."""
