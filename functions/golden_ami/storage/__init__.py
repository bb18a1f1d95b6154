"""Where runs are stored: the bucket, the table, and the one layout of their keys."""
