"""AWS's clients and the names of its errors."""
