"""One handler a function: parse the event, call one function of the package, return its answer."""
