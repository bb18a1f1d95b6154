"""Resource types of messaging, storage, keys and operations."""

from __future__ import annotations

import json
from typing import Any

from golden_ami_emulator.deployment.resources import (
    Made,
    Properties,
    ResourceType,
    StackPlace,
    ignore,
    numbers,
    only,
    tags,
    text,
    without,
)

# ------------------------------------------------------------ SNS and SQS


def _topic(place: StackPlace, name: str, properties: Properties) -> Made:
    attributes = {key: str(value) for key, value in only(properties, "DisplayName", "KmsMasterKeyId").items()}
    answer = place.client("sns").create_topic(Name=name, Attributes=attributes, Tags=tags(properties))
    return Made(answer["TopicArn"], {"TopicName": name, "TopicArn": answer["TopicArn"]})


def _update_topic(place: StackPlace, arn: str, properties: Properties) -> None:
    none = {"DisplayName": "", "KmsMasterKeyId": ""}
    for key, value in (none | only(properties, *none)).items():
        place.client("sns").set_topic_attributes(TopicArn=arn, AttributeName=key, AttributeValue=str(value))


def _topic_policy(place: StackPlace, name: str, properties: Properties) -> Made:
    for topic in properties["Topics"]:
        policy = text(properties["PolicyDocument"])
        place.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return Made(name)


def _subscription(place: StackPlace, _name: str, properties: Properties) -> Made:
    request = only(properties, "TopicArn", "Protocol", "Endpoint")
    attributes = {key: text(value) for key, value in without(properties, *request, "Region").items()}
    answer = place.client("sns").subscribe(**request, Attributes=attributes, ReturnSubscriptionArn=True)
    return Made(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})


def _queue(place: StackPlace, name: str, properties: Properties) -> Made:
    given = without(properties, "QueueName", "Tags").items()
    attributes = {key: str(value).lower() if isinstance(value, bool) else text(value) if isinstance(value, dict) else
                  str(value) for key, value in given}  # fmt: skip
    client = place.client("sqs")
    url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


def _queue_policy(place: StackPlace, name: str, properties: Properties) -> Made:
    for queue in properties["Queues"]:
        policy = {"Policy": text(properties["PolicyDocument"])}
        place.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes=policy)
    return Made(name)


# ------------------------------------------------------------ storage


def _table(place: StackPlace, name: str, properties: Properties) -> Made:
    client = place.client("dynamodb")
    later = ("TimeToLiveSpecification", "PointInTimeRecoverySpecification", "SSESpecification", "Tags")
    request = numbers(without(properties, *later, "TableName"))
    if "SSESpecification" in properties:
        sse = properties["SSESpecification"]
        request["SSESpecification"] = {"Enabled": sse["SSEEnabled"], **only(sse, "SSEType", "KMSMasterKeyId")}
    answer = client.create_table(TableName=name, Tags=tags(properties), **request)["TableDescription"]
    _update_table(place, name, properties)
    return Made(name, {"Arn": answer["TableArn"], "StreamArn": answer.get("LatestStreamArn", "")})


def _update_table(place: StackPlace, name: str, properties: Properties) -> None:
    client = place.client("dynamodb")
    if "TimeToLiveSpecification" in properties:
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"])
    if "PointInTimeRecoverySpecification" in properties:
        recovery = properties["PointInTimeRecoverySpecification"]
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)


def _bucket(place: StackPlace, name: str, properties: Properties) -> Made:
    client = place.client("s3")
    request: Properties = {"Bucket": name}
    if place.region != "us-east-1":
        request["CreateBucketConfiguration"] = {"LocationConstraint": place.region}
    if properties.get("ObjectLockEnabled"):
        request["ObjectLockEnabledForBucket"] = True
    client.create_bucket(**request)
    _update_bucket(place, name, properties)
    domain = f"{name}.s3.amazonaws.com"
    return Made(name, {"Arn": f"arn:aws:s3:::{name}", "DomainName": domain, "RegionalDomainName": domain})


def _update_bucket(place: StackPlace, name: str, properties: Properties) -> None:
    client = place.client("s3")
    if "VersioningConfiguration" in properties:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration=properties["VersioningConfiguration"])
    if "PublicAccessBlockConfiguration" in properties:
        block = properties["PublicAccessBlockConfiguration"]
        client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    if "OwnershipControls" in properties:
        client.put_bucket_ownership_controls(Bucket=name, OwnershipControls=properties["OwnershipControls"])
    if "BucketEncryption" in properties:
        rules = [
            {
                ("ApplyServerSideEncryptionByDefault" if key == "ServerSideEncryptionByDefault" else key): value
                for key, value in rule.items()
            }
            for rule in properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        ]
        client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    if "LifecycleConfiguration" in properties:
        rules = [_lifecycle_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
        client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    if "ObjectLockConfiguration" in properties:
        lock = numbers(properties["ObjectLockConfiguration"])
        client.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)


def _lifecycle_rule(rule: Properties) -> Properties:
    """CloudFormation's flat spelling as S3's."""
    made: Properties = {
        "ID": rule.get("Id", "rule"),
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    known = only(rule, "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload", "Transitions")
    return made | dict(numbers(known))


def _bucket_policy(place: StackPlace, name: str, properties: Properties) -> Made:
    place.client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=text(properties["PolicyDocument"]))
    return Made(name)


def _delete_bucket(place: StackPlace, name: str) -> None:
    place.client("s3").delete_bucket(Bucket=name)


def _parameter(place: StackPlace, name: str, properties: Properties) -> Made:
    """One that exists already is not CloudFormation's to overwrite."""
    _put_parameter(place, name, properties, overwrite=False)
    return Made(name, {"Type": properties["Type"], "Value": properties["Value"]})


def _put_parameter(place: StackPlace, name: str, properties: Properties, *, overwrite: bool = True) -> None:
    request = without(properties, "Name", "Tags", "Tier")
    place.client("ssm").put_parameter(Name=name, **request, Overwrite=overwrite)


# ------------------------------------------------------------ keys, logs, alarms


def _key(place: StackPlace, _name: str, properties: Properties) -> Made:
    request = only(properties, "Description", "KeyUsage", "KeySpec", "MultiRegion")
    client = place.client("kms")
    policy = text(properties["KeyPolicy"])
    key_tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags(properties)]
    metadata = client.create_key(**request, Policy=policy, Tags=key_tags)["KeyMetadata"]
    _rotate(client, metadata["KeyId"], properties)
    return Made(metadata["KeyId"], {"Arn": metadata["Arn"], "KeyId": metadata["KeyId"]})


def _update_key(place: StackPlace, key: str, properties: Properties) -> None:
    place.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=text(properties["KeyPolicy"]))
    _rotate(place.client("kms"), key, properties)


def _rotate(client: Any, key: str, properties: Properties) -> None:
    if properties.get("EnableKeyRotation"):
        client.enable_key_rotation(KeyId=key, **numbers(only(properties, "RotationPeriodInDays")))


def _alias(place: StackPlace, name: str, properties: Properties) -> Made:
    place.client("kms").create_alias(AliasName=name, TargetKeyId=properties["TargetKeyId"])
    return Made(name)


def _log_group(place: StackPlace, name: str, properties: Properties) -> Made:
    place.client("logs").create_log_group(logGroupName=name)
    _update_log_group(place, name, properties)
    return Made(name, {"Arn": f"arn:aws:logs:{place.region}:{place.account}:log-group:{name}:*"})


def _update_log_group(place: StackPlace, name: str, properties: Properties) -> None:
    if "RetentionInDays" in properties:
        days = int(properties["RetentionInDays"])
        place.client("logs").put_retention_policy(logGroupName=name, retentionInDays=days)


def _put_alarm(place: StackPlace, name: str, properties: Properties) -> None:
    request = numbers(without(properties, "AlarmName", "AlarmDescription", "Threshold", "Tags"))
    for metric in [request, *(query.get("MetricStat", {}).get("Metric", {}) for query in request.get("Metrics", []))]:
        for dimension in metric.get("Dimensions", []):
            dimension["Value"] = str(dimension["Value"])
    if "Threshold" in properties:
        request["Threshold"] = float(properties["Threshold"])
    description = properties.get("AlarmDescription", "")
    place.client("cloudwatch").put_metric_alarm(AlarmName=name, AlarmDescription=description, **request)


def _alarm(place: StackPlace, name: str, properties: Properties) -> Made:
    _put_alarm(place, name, properties)
    return Made(name, {"Arn": f"arn:aws:cloudwatch:{place.region}:{place.account}:alarm:{name}"})


def _put_dashboard(place: StackPlace, name: str, properties: Properties) -> None:
    body = text(properties["DashboardBody"])
    json.loads(body)  # CloudWatch refuses a body that is not JSON; moto does not look
    place.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)


def _dashboard(place: StackPlace, name: str, properties: Properties) -> Made:
    _put_dashboard(place, name, properties)
    return Made(name)


def _put(create: Any) -> Any:
    """Creating again is changing."""

    def update(place: StackPlace, name: str, properties: Properties) -> None:
        create(place, name, properties)

    return update


KINDS: dict[str, ResourceType] = {
    "AWS::SNS::Topic": ResourceType(
        _topic, lambda p, i: p.client("sns").delete_topic(TopicArn=i), "TopicName", _update_topic, ("TopicName",)
    ),
    "AWS::SNS::TopicPolicy": ResourceType(_topic_policy, ignore, update=_put(_topic_policy)),
    "AWS::SNS::Subscription": ResourceType(_subscription, lambda p, i: p.client("sns").unsubscribe(SubscriptionArn=i)),
    "AWS::SQS::Queue": ResourceType(_queue, lambda p, i: p.client("sqs").delete_queue(QueueUrl=i), "QueueName"),
    "AWS::SQS::QueuePolicy": ResourceType(_queue_policy, ignore, update=_put(_queue_policy)),
    "AWS::DynamoDB::Table": ResourceType(
        _table,
        lambda p, i: p.client("dynamodb").delete_table(TableName=i),
        "TableName",
        _update_table,
        ("TableName", "KeySchema", "AttributeDefinitions"),
    ),
    "AWS::S3::Bucket": ResourceType(
        _bucket, _delete_bucket, "BucketName", _update_bucket, ("BucketName", "ObjectLockEnabled")
    ),
    "AWS::S3::BucketPolicy": ResourceType(_bucket_policy, ignore, update=_put(_bucket_policy)),
    "AWS::SSM::Parameter": ResourceType(
        _parameter, lambda p, i: p.client("ssm").delete_parameter(Name=i), "Name", _put_parameter, ("Name", "Type")
    ),
    "AWS::KMS::Key": ResourceType(
        _key, lambda p, i: p.client("kms").schedule_key_deletion(KeyId=i, PendingWindowInDays=7), update=_update_key
    ),
    "AWS::KMS::Alias": ResourceType(_alias, lambda p, i: p.client("kms").delete_alias(AliasName=i), "AliasName"),
    "AWS::Logs::LogGroup": ResourceType(
        _log_group,
        lambda p, i: p.client("logs").delete_log_group(logGroupName=i),
        "LogGroupName",
        _update_log_group,
        ("LogGroupName",),
    ),
    "AWS::CloudWatch::Alarm": ResourceType(
        _alarm,
        lambda p, i: p.client("cloudwatch").delete_alarms(AlarmNames=[i]),
        "AlarmName",
        _put_alarm,
        ("AlarmName",),
    ),
    "AWS::CloudWatch::Dashboard": ResourceType(
        _dashboard,
        lambda p, i: p.client("cloudwatch").delete_dashboards(DashboardNames=[i]),
        "DashboardName",
        _put_dashboard,
        ("DashboardName",),
    ),
}  # fmt: skip
