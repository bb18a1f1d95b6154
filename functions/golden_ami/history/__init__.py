"""The archive of an execution: what happened in it, kept where it cannot be changed unseen."""
