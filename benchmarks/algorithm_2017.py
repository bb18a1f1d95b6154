"""The algorithm of the 2017 solution ("How to Set Up Continuous Golden AMI Vulnerability Assessments with Amazon
Inspector", AWS Security Blog), in our own words: what its two functions ask of AWS, in which order.

Launch: one machine an AMI, then four minutes of sleep inside the function, then target, template and run. Analyze:
every finding is described and given its attributes alone, each instance described for its tags; then, inside the loop
over an instance's tags, the instance is terminated and the growing result published. Its faults of correctness (the
first page only, JSON by concatenation, no machine terminated that has no finding) are left out, for they save calls; of
its calls all are here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

NAME = "ContinuousAssessment"
_TAG = "continuous-assessment-instance"
_WORDS = ("High", "Medium", "Low", "Informational", "Undefined")

Client = Callable[[str], Any]
Sleep = Callable[[float], None]


def start(client: Client, sleep: Sleep, parameter: str, topic: str, seconds: int = 3600) -> str:
    """The first function: launch, sleep, assess. The assessment run's ARN."""
    ec2, inspector = client("ec2"), client("inspector")
    entries = json.loads(client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"])
    for entry in entries:
        image = ec2.describe_images(ImageIds=[entry["ami-id"]])["Images"][0]
        tags = [*image["Tags"], {"Key": _TAG, "Value": "true"}]
        ec2.run_instances(
            ImageId=entry["ami-id"],
            InstanceType=entry["instanceType"],
            UserData=entry["userData"],
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )
    sleep(240)
    return str(
        inspector.start_assessment_run(assessmentTemplateArn=_template(inspector, topic, seconds))["assessmentRunArn"]
    )


def _template(inspector: Any, topic: str, seconds: int) -> str:
    found = inspector.list_assessment_templates(filter={"namePattern": NAME})["assessmentTemplateArns"]
    if found:
        return str(found[0])
    group = inspector.create_resource_group(resourceGroupTags=[{"key": _TAG, "value": "true"}])["resourceGroupArn"]
    target = inspector.create_assessment_target(assessmentTargetName=NAME, resourceGroupArn=group)
    rules = inspector.list_rules_packages()["rulesPackageArns"]
    template = inspector.create_assessment_template(
        assessmentTargetArn=target["assessmentTargetArn"],
        assessmentTemplateName=NAME,
        durationInSeconds=seconds,
        rulesPackageArns=rules,
    )["assessmentTemplateArn"]
    inspector.subscribe_to_event(resourceArn=template, event="ASSESSMENT_RUN_COMPLETED", topicArn=topic)
    return str(template)


def tag(client: Client, run: str) -> dict[str, Counter[str]]:
    """The second function's first half: one describe, one instance and one attribute call per finding."""
    ec2, inspector = client("ec2"), client("inspector")
    pages = inspector.get_paginator("list_findings").paginate(
        assessmentRunArns=[run], PaginationConfig={"PageSize": 500}
    )
    counts: dict[str, Counter[str]] = {}
    tags: dict[str, dict[str, str]] = {}
    for arn in [arn for page in pages for arn in page["findingArns"]]:
        finding = inspector.describe_findings(findingArns=[arn])["findings"][0]
        instance = finding["assetAttributes"]["agentId"]
        if instance not in tags:
            tags[instance] = _tags(ec2, instance)
        pairs = [{"key": key, "value": value} for key, value in tags[instance].items()]
        inspector.add_attributes_to_findings(findingArns=[arn], attributes=pairs[:10])
        counts.setdefault(instance, Counter())[finding["severity"]] += 1
    return counts


def _tags(ec2: Any, instance: str) -> dict[str, str]:
    found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return {tag["Key"]: tag["Value"] for tag in found["Tags"]}


def report(client: Client, counts: dict[str, Counter[str]], topic: str) -> None:
    """The second function's second half: terminate and publish, once for every tag of every instance."""
    ec2, sns = client("ec2"), client("sns")
    result: list[dict[str, Any]] = []
    for instance, severities in counts.items():
        entry: dict[str, Any] = {f"Finding-Severity-{word}-Count": severities[word] for word in _WORDS}
        result.append(entry)
        for key, value in _tags(ec2, instance).items():
            entry[key] = value
            ec2.terminate_instances(InstanceIds=[instance])
            sns.publish(TopicArn=topic, Message=json.dumps(result), Subject="Golden AMI assessment")
