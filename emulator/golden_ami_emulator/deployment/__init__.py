"""`template.yaml` deployed: translated by SAM, its resources made through boto3."""
