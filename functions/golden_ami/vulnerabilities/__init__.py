"""What Amazon Inspector knows of vulnerabilities themselves, for findings that come without it."""
