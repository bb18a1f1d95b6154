"""One handler a function, beside the types of its event and its answer. Each calls one function of the package."""
