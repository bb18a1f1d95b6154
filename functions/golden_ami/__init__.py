"""The shared package of the golden AMI assessment: domain and adapters, imported by every function."""

__version__ = "0.1.0"
