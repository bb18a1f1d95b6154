"""What a verdict rests on: what a run saw of each AMI, and what PASS needs."""
