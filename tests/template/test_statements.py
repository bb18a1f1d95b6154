"""What every policy of the template is limited to, statement by statement: a wider one is a change to this table.

Actions are held by tests/proof: what is allowed is needed, and the other way round.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

ACCOUNT = "123456789012"
HERE = f"eu-central-1:{ACCOUNT}"
FINDINGS_QUEUE = f"arn:aws:sqs:{HERE}:FindingsQueue"
CIS = [f"arn:aws:inspector2:*:{ACCOUNT}:owner/{ACCOUNT}/cis-configuration/*"]
KEYS = [f"arn:aws:kms:{HERE}:key/11111111-2222-3333-4444-555555555555"]
PARAMETERS = [
    f"arn:aws:ssm:{HERE}:parameter/{name}"
    for name in ("ContinuousAssessmentInput*", "golden-ami/gold/ContinuousAssessmentInput")
]
AMI_PARAMETERS = ["arn:aws:ssm:*::parameter/aws/service/*", f"arn:aws:ssm:*:{ACCOUNT}:parameter/golden-amis/*"]
INSPECTORS = ["inspector2.amazonaws.com", "agentless.inspector2.amazonaws.com"]
FIRST_SCAN = {  # of an AMI in an account
    "ami.inspector2.amazonaws.com": "AWSServiceRoleForAmazonInspector2Ami",
    "inspector2.amazonaws.com": "AWSServiceRoleForAmazonInspector2",
}
PROFILE = {"ec2:InstanceProfile": f"arn:aws:iam::{ACCOUNT}:instance-profile/InstanceProfile"}
THROUGH_EC2 = {"StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"}}
ELEVEN = ("LoadConfig", "EnsureTargetTemplate", "PlanWave", "LaunchInstances", "CheckAgents", "StartRun",
          "AwaitCompletion", "CheckRun", "TagFindings", "Terminate", "Aggregate")  # fmt: skip
NONE: dict[str, Any] = {}


def tagged(kind: str) -> dict[str, str]:
    """The two tags that tell the stack's instances, as condition keys."""
    return {
        f"aws:{kind}/continuous-assessment-instance": "true",
        f"aws:{kind}/continuous-assessment-stack": "gold",
    }


# By Sid: the resources and the condition. A Sid means the same in every role.
STATEMENTS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "Announce": ([f"arn:aws:sns:{HERE}:ResultsTopic"], NONE),
    "AnswerTheCallback": ([f"arn:aws:states:{HERE}:stateMachine:gold"], NONE),
    "AskAgents": (["*"], NONE),
    "AskInspector": (["*"], NONE),
    "AskOfVulnerabilities": (["*"], NONE),
    "DeadLetters": ([f"arn:aws:sqs:{HERE}:DeadLetters"], NONE),
    "DeliverLogs": (["*"], NONE),
    "DeprecateAmis": (["arn:aws:ec2:*::image/*"], NONE),
    "EnableInspector": (["*"], NONE),
    "EncryptedAmis": (KEYS, THROUGH_EC2),
    "EncryptedAmisGrant": (KEYS, {"Bool": {"kms:GrantIsForAWSResource": "true"}, **THROUGH_EC2}),
    "EncryptedTopic": ([f"arn:aws:kms:{HERE}:key/TopicKey"], NONE),
    "FindLaunched": (["*"], NONE),
    "FindOurs": (["*"], NONE),
    "InspectorClassic": (["*"], NONE),
    "InspectorReady": (["*"], NONE),
    "InspectorsOwnRoles": (
        [f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/*" for service in INSPECTORS],
        {"StringEquals": {"iam:AWSServiceName": INSPECTORS}},
    ),
    "Invoke": ([f"arn:aws:lambda:{HERE}:function:Reap:live"], NONE),
    "InvokeTheElevenFunctions": (
        [f"arn:aws:lambda:{HERE}:function:{name}{version}" for version in ("", ":*") for name in ELEVEN],
        NONE,
    ),
    "KeepAnswers": (["arn:aws:s3:::ReportBucket/vulnerabilities/*"], NONE),
    "KeepRegisters": (["arn:aws:s3:::ReportBucket/lineages/*"], NONE),
    "LaunchFromAnyAmi": (["arn:aws:ec2:*::image/*", f"arn:aws:ec2:*:{ACCOUNT}:network-interface/*"], NONE),
    "LaunchInOtherRegions": (
        ["arn:aws:ec2:*:*:subnet/*", "arn:aws:ec2:*:*:security-group/*"],
        {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}},
    ),
    "LaunchInOurNetwork": (
        [
            f"arn:aws:ec2:{HERE}:{name}"
            for name in ("subnet/Subnet", "subnet/SecondSubnet", "security-group/SecurityGroup")
        ],
        NONE,
    ),
    "LaunchTagged": (
        [f"arn:aws:ec2:*:{ACCOUNT}:instance/*"],
        {"StringEquals": {**tagged("RequestTag"), "ec2:MetadataHttpTokens": "required"}, "ArnEquals": PROFILE},
    ),
    "LaunchTaggedVolumes": ([f"arn:aws:ec2:*:{ACCOUNT}:volume/*"], {"StringEquals": tagged("RequestTag")}),
    "Ledger": ([f"arn:aws:dynamodb:{HERE}:table/Ledger"], NONE),
    "LookAmisUp": (["*"], NONE),
    "MemberAccounts": (
        ["arn:aws:iam::*:role/GoldenAmiMember"],
        {"StringEquals": {"aws:ResourceAccount": ["222222222222", "333333333333"]}},
    ),
    "NameWhatWasNotOpened": (PARAMETERS, NONE),
    "OwnersTopics": ([f"arn:aws:sns:{HERE}:web"], NONE),
    "PassTheInstanceRole": (
        [f"arn:aws:iam::{ACCOUNT}:role/InstanceRole"],
        {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    ),
    "ReadConfiguration": (PARAMETERS, NONE),
    "ReadUserData": (PARAMETERS[:1], NONE),
    "ReadFindings": (["*"], NONE),
    "ReadQuotas": ([f"arn:aws:servicequotas:*:{ACCOUNT}:ec2/*"], NONE),
    "ReadHistory": ([f"arn:aws:states:{HERE}:execution:gold:*"], NONE),
    "ReadLargeConfiguration": (["arn:aws:s3:::ReportBucket/config/*"], NONE),
    "RemoveCisScan": (CIS, NONE),
    "Reports": (["arn:aws:s3:::ReportBucket/runs/*"], NONE),
    "ResolveAmis": (AMI_PARAMETERS, NONE),
    "ResolveWhatWasNotOpened": (AMI_PARAMETERS, NONE),
    "SeeDeprecations": (["*"], NONE),
    "SeeHowLongRunsRun": ([f"arn:aws:states:{HERE}:stateMachine:gold"], NONE),
    "SeeWhetherTheRunIsOver": ([f"arn:aws:states:{HERE}:execution:gold:*"], NONE),
    "Start": (
        [f"arn:aws:states:{HERE}:stateMachine:StateMachine"],
        {"StringEquals": {"states:StateMachineQualifier": "live"}},
    ),
    "StartCisScan": (CIS, NONE),
    "StartScans": (["*"], NONE),
    "CountWaitingFindings": ([FINDINGS_QUEUE], NONE),
    "ListEventFindings": (["arn:aws:s3:::ReportBucket"], {"StringLike": {"s3:prefix": "scans/*"}}),
    "ReadEventFindings": (["arn:aws:s3:::ReportBucket/scans/*/findings/*"], NONE),
    "StoreEventFindings": (["arn:aws:s3:::ReportBucket/scans/*/findings/*"], NONE),
    "TakeFromQueue": ([FINDINGS_QUEUE], NONE),
    "StoreFindings": (["arn:aws:s3:::ReportBucket/runs/*/findings/*"], NONE),
    "StoreUntagged": (["arn:aws:s3:::ReportBucket/runs/*/untagged/*"], NONE),
    "KeepLongTerms": (["arn:aws:s3:::ReportBucket/runs/*/terms/*"], NONE),
    "StoreQuestions": (["arn:aws:s3:::ReportBucket/runs/*/vulnerabilities/*"], NONE),
    "TagAmis": (["arn:aws:ec2:*::image/*"], NONE),
    "TagAtLaunchOnly": (
        [f"arn:aws:ec2:*:{ACCOUNT}:instance/*", f"arn:aws:ec2:*:{ACCOUNT}:volume/*"],
        {"StringEquals": {"ec2:CreateAction": "RunInstances"}},
    ),
    "RolesOfTheFirstScan": (
        [f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/{role}" for service, role in FIRST_SCAN.items()],
        {"StringEquals": {"iam:AWSServiceName": [*FIRST_SCAN]}},
    ),
    "Tell": ([f"arn:aws:sns:{HERE}:ResultsTopic"], NONE),
    "TellMissingFromForbidden": (["arn:aws:s3:::ReportBucket"], NONE),
    "TellTheBus": ([f"arn:aws:events:{HERE}:event-bus/default"], NONE),
    "TerminateOursOnly": (
        [f"arn:aws:ec2:*:{ACCOUNT}:instance/*"],
        {"StringEquals": tagged("ResourceTag"), "ArnEquals": PROFILE},
    ),
    "WriteBackToSecurityHub": ([f"arn:aws:securityhub:*:{ACCOUNT}:hub/default"], NONE),
    "": ([f"arn:aws:sqs:{HERE}:DeadLetters"], NONE),  # SAM's own, for a function's dead-letter queue
}  # fmt: skip


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_statement_is_limited_as_the_table_says(full: Any) -> None:
    seen = set()
    for role in full.of_type("AWS::IAM::Role"):
        for statement in full.statements(role):
            sid = statement.get("Sid", "")
            limited = (as_list(statement["Resource"]), statement.get("Condition", {}))
            assert limited == STATEMENTS[sid], f"{role}: {sid}"
            seen.add(sid)
    assert seen == set(STATEMENTS)


# What the state machine, the schedules and SAM need, and tests/proof does not see.
UNPROVEN = {
    "DeadLetters": ["sqs:SendMessage"],
    "DeliverLogs": [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    ],
    "Invoke": ["lambda:InvokeFunction"],
    "InvokeTheElevenFunctions": ["lambda:InvokeFunction"],
    "Start": ["states:StartExecution"],
}


def test_the_machine_and_the_schedules_may_do_nothing_more(full: Any) -> None:
    found = {
        statement["Sid"]: as_list(statement["Action"])
        for role in ("StateMachineRole", "AssessmentScheduleRole", "ReapScheduleRole")
        for statement in full.statements(role)
    }
    assert found == UNPROVEN


def test_who_may_use_each_role(full: Any) -> None:
    of_schedules = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:scheduler:{HERE}:schedule-group/default"},
    }
    others = {
        "AssessmentScheduleRole": ("scheduler", of_schedules),
        "ReapScheduleRole": ("scheduler", of_schedules),
        "InstanceRole": ("ec2", NONE),
        "StateMachineRole": ("states", NONE),
    }
    for name, role in full.of_type("AWS::IAM::Role").items():
        [trust] = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        service, condition = others.get(name, ("lambda", NONE))
        assert trust["Effect"] == "Allow"
        assert as_list(trust["Action"]) == ["sts:AssumeRole"]
        assert as_list(trust["Principal"]["Service"]) == [f"{service}.amazonaws.com"], name
        assert trust["Principal"].keys() == {"Service"}
        assert trust.get("Condition", {}) == condition, name


# ---------------------------------------------------------------- policies of resources


def document(deployed: Any, name: str) -> list[dict[str, Any]]:
    properties = deployed.resources[name]["Properties"]
    statements: list[dict[str, Any]] = (properties.get("PolicyDocument") or properties["KeyPolicy"])["Statement"]
    return statements


@pytest.mark.parametrize(
    ("name", "action", "resources"),
    [
        ("ResultsTopicPolicy", "sns:Publish", [f"arn:aws:sns:{HERE}:ResultsTopic"]),
        ("DeadLettersPolicy", "sqs:*", [f"arn:aws:sqs:{HERE}:DeadLetters"]),
        ("FindingsQueuePolicy", "sqs:*", [FINDINGS_QUEUE]),
        ("ReportBucketPolicy", "s3:*", ["arn:aws:s3:::ReportBucket", "arn:aws:s3:::ReportBucket/*"]),
    ],
)
def test_without_tls_nobody_does_anything(full: Any, name: str, action: str, resources: list[str]) -> None:
    [denied] = [one for one in document(full, name) if one["Effect"] == "Deny"]
    assert (denied["Principal"], denied["Action"]) == ("*", action)
    assert as_list(denied["Resource"]) == resources
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_policies_are_of_the_resources_that_they_name(full: Any) -> None:
    assert full.resources["CompleteTopicPolicy"]["Properties"]["Topics"] == [f"arn:aws:sns:{HERE}:CompleteTopic"]
    assert full.resources["ResultsTopicPolicy"]["Properties"]["Topics"] == [f"arn:aws:sns:{HERE}:ResultsTopic"]
    assert full.resources["AlarmTopicPolicy"]["Properties"]["Topics"] == [f"arn:aws:sns:{HERE}:AlarmTopic"]
    assert full.resources["DeadLettersPolicy"]["Properties"]["Queues"] == ["DeadLetters"]
    assert full.resources["FindingsQueuePolicy"]["Properties"]["Queues"] == ["FindingsQueue"]
    assert full.resources["ReportBucketPolicy"]["Properties"]["Bucket"] == "ReportBucket"


RULES = [f"arn:aws:events:{HERE}:rule/{name}" for name in ("InstanceScanned", "AmiScanned", "AmiFinding")]
ALARMS = ("RunFailedAlarm", "LongRunAlarm", "NoVerdictAlarm", "NoRunSucceededAlarm", "DeadLettersAlarm",
          "FindingsWaitAlarm", "ReaperActedAlarm")  # fmt: skip


def admitted(deployed: Any, name: str) -> dict[str, tuple[Any, list[str], list[str], dict[str, Any]]]:
    """What a policy allows: principal, actions, resources and condition by Sid."""
    return {
        one["Sid"]: (one["Principal"], as_list(one["Action"]), as_list(one["Resource"]), one.get("Condition", {}))
        for one in document(deployed, name)
        if one["Effect"] == "Allow"
    }


def test_who_publishes_to_the_topics(full: Any) -> None:
    complete, results, alarms = (f"arn:aws:sns:{HERE}:{name}Topic" for name in ("Complete", "Results", "Alarm"))
    assert admitted(full, "CompleteTopicPolicy") == {
        "EventBridge": ({"Service": "events.amazonaws.com"}, ["sns:Publish"], [complete], NONE),
        "InspectorClassic": (
            {"Service": "inspector.amazonaws.com"},
            ["sns:Publish"],
            [complete],
            {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:inspector:{HERE}:*"},
            },
        ),
    }
    reporting = [f"arn:aws:iam::{ACCOUNT}:role/{name}Role" for name in ("Aggregate", "OnExecutionEnd", "Reap")]
    assert admitted(full, "ResultsTopicPolicy") == {
        "WhoReports": ({"AWS": reporting}, ["sns:Publish"], [results], NONE)
    }
    sources = [f"arn:aws:cloudwatch:{HERE}:alarm:{name}" for name in ALARMS]
    condition = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnEquals": {"aws:SourceArn": sources}}
    assert admitted(full, "AlarmTopicPolicy") == {
        "OurAlarms": ({"Service": "cloudwatch.amazonaws.com"}, ["sns:Publish"], [alarms], condition)
    }


def test_who_sends_findings(full: Any) -> None:
    source = {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:{HERE}:rule/AmiFinding"}}
    assert admitted(full, "FindingsQueuePolicy") == {
        "EventBridge": ({"Service": "events.amazonaws.com"}, ["sqs:SendMessage"], [FINDINGS_QUEUE], source)
    }


def test_nothing_that_eventbridge_needs_depends_on_a_condition(full: Any) -> None:
    for name in ("CompleteTopicPolicy", "TopicKey"):
        for one in document(full, name):
            named = one["Principal"]
            everybody = named == "*" or "*" in as_list(named.get("AWS", []))
            if everybody or "events.amazonaws.com" in as_list(named.get("Service", [])):
                assert (one["Sid"], one["Effect"], one.get("Condition")) == ("EventBridge", "Allow", None)


def test_alarms_that_do_not_exist_are_not_admitted(plain: Any) -> None:
    [(_, _, _, condition)] = admitted(plain, "AlarmTopicPolicy").values()
    names = [arn.rpartition(":")[2] for arn in condition["ArnEquals"]["aws:SourceArn"]]
    assert names == [name for name in ALARMS if name != "NoRunSucceededAlarm"]


def test_who_leaves_dead_letters(full: Any) -> None:
    rules = [f"arn:aws:events:{HERE}:rule/ExecutionEnded", *RULES]
    queue = f"arn:aws:sqs:{HERE}:DeadLetters"
    senders = {
        "UndeliveredCompletions": ("sns", f"arn:aws:sns:{HERE}:CompleteTopic"),
        "UndeliveredEvents": ("events", rules),
    }
    for sid, admits in admitted(full, "DeadLettersPolicy").items():
        service, source = senders.pop(sid)
        principal, condition = {"Service": f"{service}.amazonaws.com"}, {"ArnEquals": {"aws:SourceArn": source}}
        assert admits == (principal, ["sqs:SendMessage"], [queue], condition)
    assert not senders


def test_who_uses_the_topics_key(full: Any) -> None:
    names = ("ContinuousAssessmentCompleteTopic", "ContinuousAssessmentResultsTopic", "alarms")
    topics = [f"arn:aws:sns:{HERE}:gold-{name}" for name in names]
    services = ["cloudwatch.amazonaws.com", "inspector.amazonaws.com"]
    use = ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert admitted(full, "TopicKey") == {
        "AccountDecidesByIam": ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ["kms:*"], ["*"], NONE),
        "EventBridge": ({"Service": "events.amazonaws.com"}, use, ["*"], NONE),
        "PublishersToOurTopics": (
            {"Service": services},
            use,
            ["*"],
            {"ArnEquals": {"kms:EncryptionContext:aws:sns:topicArn": topics}},
        ),
    }
    assert {one["Properties"]["TopicName"] for one in full.of_type("AWS::SNS::Topic").values()} == {
        f"gold-{name}" for name in names
    }


def test_who_puts_events_on_the_bus(full: Any) -> None:
    properties = full.resources["MemberEvents"]["Properties"]
    assert properties["StatementId"] == full.resolver.resolve({"Ref": "AWS::StackId"}).rpartition("/")[2]
    assert len(properties["StatementId"]) <= 64
    assert properties["Statement"] == {
        "Effect": "Allow",
        "Principal": {"AWS": ["222222222222", "333333333333"]},
        "Action": "events:PutEvents",
        "Resource": f"arn:aws:events:{HERE}:event-bus/default",
        "Condition": {"StringEquals": {"events:source": ["aws.inspector2", "inspector2.ami.ondemand"]}},
    }


def test_who_invokes_the_functions(full: Any) -> None:
    permissions = {
        one["Properties"]["FunctionName"]: (one["Properties"]["Principal"], one["Properties"]["SourceArn"])
        for one in full.of_type("AWS::Lambda::Permission").values()
        if one["Properties"]["Action"] == "lambda:InvokeFunction"
    }
    assert len(full.of_type("AWS::Lambda::Permission")) == len(permissions)
    assert permissions == {
        f"arn:aws:lambda:{HERE}:function:Resume:live": ("sns.amazonaws.com", f"arn:aws:sns:{HERE}:CompleteTopic"),
        f"arn:aws:lambda:{HERE}:function:OnExecutionEnd:live": (
            "events.amazonaws.com",
            f"arn:aws:events:{HERE}:rule/ExecutionEnded",
        ),
    }


def test_a_statement_of_one_stack_never_names_another_that_begins_alike(deploy: Any) -> None:
    """`gold-*` would mean the resources of stack gold-2, too."""
    text = json.dumps([one for one in deploy({}).resources.values() if "Polic" in json.dumps(one)])
    assert "gold-*" not in text
    assert "gold*" not in text
