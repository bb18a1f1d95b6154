"""From a finding to its status: identity, versions, policy, exceptions, comparison with earlier runs, and upgrades.

Pure: nothing here reads or writes AWS. `evaluate.evaluate` is the one function that gives a finding its status, and
`ami.AmiEvaluator` sums the findings of an AMI up.
"""
