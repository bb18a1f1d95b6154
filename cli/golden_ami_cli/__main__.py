"""`python -m golden_ami_cli` is `golden-ami`."""

from golden_ami_cli.main import main

if __name__ == "__main__":
    main()
