"""A folder that keeps between two sessions what the product keeps in an embedded account.

That is the rows of the ledger, the objects of the report bucket and the configuration's parameter. Executions come back
from their archives in the bucket. Instances, findings in Inspector, messages and logs end with the account.
"""
