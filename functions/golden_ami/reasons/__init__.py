"""The catalogue of reasons why an AMI is NOT ASSESSED, by the part of a run that gives them; docs/codes.md lists it."""
