"""The shared package of the golden AMI assessment: domain and adapters, imported by every function."""
