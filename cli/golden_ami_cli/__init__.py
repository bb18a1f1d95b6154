"""What runs on a person's machine: the command `golden-ami` and the embedded AWS. Never in the Lambda zip."""
