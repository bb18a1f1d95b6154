"""Everything that would make a run fail, looked at before it costs anything."""
