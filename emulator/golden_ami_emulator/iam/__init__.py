"""Identity and access management of the embedded AWS: each function's call under its role, as deployed."""
