"""Two runs compared: what is new, fixed and still open in the second one."""
