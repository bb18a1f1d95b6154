"""What the requests of every service but EC2 need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from golden_ami_emulator.iam.policy import Need
from golden_ami_emulator.iam.request import Builder, Request, anywhere, on, through
from golden_ami_emulator.inspector import service_roles

_PARAMETER = re.compile(r"(/[A-Za-z0-9_.-]+)+|[A-Za-z0-9_.-]+")


def _parameter_arn(request: Request, name: str) -> str:
    """A malformed name is authorised as `*` of the account, which no policy of a path allows (seen in public reports of
    "not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:REGION:ACCOUNT:*" for mistyped names)."""
    if name.startswith("arn:"):
        return name
    name = name.split(":")[0].strip()  # without the version or label
    if not _PARAMETER.fullmatch(name):
        return request.arn("ssm", "*")
    account = "" if name.startswith("/aws/service/") else request.account
    return request.arn("ssm", f"parameter/{name.removeprefix('/')}", account=account)


def _tables(request: Request) -> list[str]:
    names = request.parameters.get("RequestItems") or [request.parameters["TableName"]]
    suffix = f"/index/{request.parameters['IndexName']}" if "IndexName" in request.parameters else ""
    return [f"{request.arn('dynamodb', f'table/{name}')}{suffix}" for name in names]


def _transaction(request: Request) -> Iterator[Need]:
    actions = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem",
               "Get": "GetItem"}  # fmt: skip
    for item in request.parameters["TransactItems"]:
        for kind, operation in item.items():
            yield Need(f"dynamodb:{actions[kind]}", request.arn("dynamodb", f"table/{operation['TableName']}"))


def _bucket(request: Request) -> str:
    return f"arn:{request.partition}:s3:::{request.parameters['Bucket']}"


def _object(request: Request) -> str:
    return f"{_bucket(request)}/{request.parameters['Key']}"


def _read_object(request: Request) -> Iterator[Need]:
    """S3 tells who may not list a bucket that a missing object is forbidden (S3 API Reference, GetObject).

    That it says so of a missing version, too, is inferred.
    """
    from moto.s3.models import FakeKey, s3_backends

    version = request.parameters.get("VersionId")
    yield Need("s3:GetObjectVersion" if version else "s3:GetObject", _object(request))
    bucket = s3_backends[request.account][request.partition].buckets.get(request.parameters["Bucket"])
    versions = bucket.keys.getlist(request.parameters["Key"], []) if bucket else []
    asked = [one for one in versions if one.version_id == version] if version else versions[-1:]
    if not any(isinstance(one, FakeKey) for one in asked):
        yield Need("s3:ListBucket", _bucket(request))


def _list_bucket(request: Request) -> Iterator[Need]:
    yield Need("s3:ListBucket", _bucket(request), {"s3:prefix": [str(request.parameters.get("Prefix", ""))]})


def _publish(request: Request) -> Iterator[Need]:
    arn = str(request.parameters["TopicArn"])
    yield Need("sns:Publish", arn)
    yield from key_needs(arn)


def key_needs(topic: str) -> Iterator[Need]:
    """What a publisher needs of the customer's key that encrypts a topic. Nothing for other resources' ARNs."""
    from moto.sns.models import sns_backends

    _, partition, service, region, owner, _ = (topic.split(":") + [""] * 6)[:6]
    if service != "sns":
        return
    key = getattr(sns_backends[owner][region].topics.get(topic), "kms_master_key_id", None)
    if key:
        context = {"kms:encryptioncontext:aws:sns:topicarn": [topic]}
        yield from through(
            Request("kms", "", {}, region, owner, partition),
            "sns",
            key,
            ("kms:Decrypt", "kms:GenerateDataKey"),
            context,
        )


def _assume(request: Request) -> Iterator[Need]:
    given = {"sts:externalid": "ExternalId", "sts:rolesessionname": "RoleSessionName"}
    parameters = request.parameters
    context = {key: [str(parameters[name])] for key, name in given.items() if name in parameters}
    yield Need("sts:AssumeRole", str(parameters["RoleArn"]), context)


def _put_events(request: Request) -> Iterator[Need]:
    for entry in request.parameters["Entries"]:
        bus = str(entry.get("EventBusName", "default"))
        arn = bus if bus.startswith("arn:") else request.arn("events", f"event-bus/{bus}")
        context = {"events:source": [entry["Source"]], "events:detail-type": [entry["DetailType"]]}
        yield Need("events:PutEvents", arn, context)


def _machines(request: Request) -> list[str]:
    """Every state machine there is: which one a token is of, Step Functions alone knows."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    machines = stepfunctions_parser_backends[request.account][request.region].state_machines
    return sorted({str(machine.arn) for machine in machines}) or [request.arn("states", "stateMachine:none")]


def _enable(request: Request) -> Iterator[Need]:
    """Inspector's first activation makes its service-linked roles in the name of who asked."""
    yield Need("inspector2:Enable", "*")
    yield from _roles(request, service_roles.ACTIVATION)


def _start_on_demand_scan(request: Request) -> Iterator[Need]:
    """So does the first on-demand scan in an account."""
    yield Need("inspector2:StartOnDemandScan", "*")
    yield from _roles(request, service_roles.missing(request.account, service_roles.ON_DEMAND))


def _roles(request: Request, roles: Mapping[str, str]) -> Iterator[Need]:
    for service, role in roles.items():
        arn = request.arn("iam", f"role/aws-service-role/{service}/{role}", region="")
        yield Need("iam:CreateServiceLinkedRole", arn, {"iam:awsservicename": [service]})


def _cis_configuration(request: Request) -> str:
    given = request.parameters.get("scanConfigurationArn")
    owned = request.arn("inspector2", f"owner/{request.account}/cis-configuration/new")
    return str(given) if given else owned


def _queue(request: Request) -> str:
    account, name = str(request.parameters["QueueUrl"]).rstrip("/").split("/")[-2:]
    return request.arn("sqs", name, account=account)


def _quota(request: Request) -> str:
    given = request.parameters
    return request.arn("servicequotas", f"{given['ServiceCode']}/{given['QuotaCode']}")


TABLE: dict[str, Builder] = {  # "boto3 service:Operation"
    "ssm:GetParameter": on("ssm:GetParameter", lambda r: _parameter_arn(r, r.parameters["Name"])),
    "ssm:GetParameters": on("ssm:GetParameters", lambda r: [_parameter_arn(r, name) for name in r.parameters["Names"]]),
    **anywhere("ssm", "ssm", "DescribeInstanceInformation", "ListInventoryEntries"),
    "service-quotas:GetServiceQuota": on("servicequotas:GetServiceQuota", _quota),
    **{
        f"dynamodb:{name}": on(f"dynamodb:{name}", _tables)
        for name in ("BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")
    },
    "dynamodb:TransactWriteItems": _transaction,
    "dynamodb:TransactGetItems": _transaction,
    "s3:GetObject": _read_object,
    "s3:HeadObject": _read_object,
    "s3:ListObjectsV2": _list_bucket,
    **{
        f"s3:{name}": on("s3:PutObject", _object)
        for name in ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
    },
    **{f"s3:{name}": on(f"s3:{name}", _object) for name in ("AbortMultipartUpload", "DeleteObject")},
    "sns:Publish": _publish,
    **{f"sqs:{name}": on(f"sqs:{name}", _queue) for name in ("GetQueueAttributes", "SendMessage")},
    "events:PutEvents": _put_events,
    "sts:AssumeRole": _assume,
    "stepfunctions:SendTaskSuccess": on("states:SendTaskSuccess", _machines),
    "stepfunctions:GetExecutionHistory": on("states:GetExecutionHistory", lambda r: r.parameters["executionArn"]),
    "stepfunctions:DescribeExecution": on("states:DescribeExecution", lambda r: r.parameters["executionArn"]),
    "stepfunctions:ListExecutions": on("states:ListExecutions", lambda r: r.parameters["stateMachineArn"]),
    "stepfunctions:DescribeStateMachineForExecution": on(
        "states:DescribeStateMachineForExecution", lambda r: r.parameters["executionArn"]
    ),
    "securityhub:BatchUpdateFindings": on(
        "securityhub:BatchUpdateFindings", lambda r: r.arn("securityhub", "hub/default")
    ),
    **anywhere(
        "inspector2", "inspector2",
        "BatchGetAccountStatus", "BatchGetFindingDetails", "GetCisScanResultDetails", "GetConfiguration",
        "GetEc2DeepInspectionConfiguration", "GetOnDemandScanStatus", "ListCisScanConfigurations",
        "ListCisScanResultsAggregatedByTargetResource", "ListCisScans", "ListCoverage", "ListFindings",
        "ListOnDemandScans", "SearchVulnerabilities",
    ),
    "inspector2:Enable": _enable,
    "inspector2:StartOnDemandScan": _start_on_demand_scan,
    "inspector2:CreateCisScanConfiguration": on("inspector2:CreateCisScanConfiguration", _cis_configuration),
    "inspector2:DeleteCisScanConfiguration": on("inspector2:DeleteCisScanConfiguration", _cis_configuration),
    **anywhere(
        "inspector", "inspector",
        "AddAttributesToFindings", "CreateAssessmentTarget", "CreateAssessmentTemplate", "CreateResourceGroup",
        "DeleteAssessmentTemplate", "DescribeAssessmentRuns", "DescribeAssessmentTargets",
        "DescribeAssessmentTemplates", "DescribeFindings", "DescribeResourceGroups", "ListAssessmentRunAgents",
        "ListAssessmentRuns", "ListAssessmentTargets", "ListAssessmentTemplates", "ListEventSubscriptions",
        "ListFindings", "ListRulesPackages", "PreviewAgents", "StartAssessmentRun", "StopAssessmentRun",
        "SubscribeToEvent", "UpdateAssessmentTarget",
    ),
}  # fmt: skip
