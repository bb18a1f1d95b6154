"""Checks of the account, the configuration and what surrounds a run."""

from __future__ import annotations

from golden_ami.engines.instance.scan_configuration import read as scan_configuration_of
from golden_ami.engines.registry import ENGINES, traits
from golden_ami.instances.tags import EXCLUSION_TAG
from golden_ami_cli.deployment import as_options, missing, needed
from golden_ami_cli.doctor.model import Diagnosis, Patient, Unreadable, error, names, ok, warning


def credentials(patient: Patient) -> Diagnosis:
    """The credentials are valid, and of the stack's account."""
    check = "credentials and region"
    identity = patient.client("sts").get_caller_identity()
    expected = patient.account.settings.account
    if identity["Account"] != expected:
        cause = f"{identity['Arn']} is of account {identity['Account']}, the stack of {expected}"
        return error(check, cause, "give a --profile of the stack's account")
    return ok(check, f"{identity['Arn']} in {patient.account.region}")


def configuration(patient: Patient) -> Diagnosis:
    """The parameter holds a valid configuration whose AMIs can be assessed."""
    check = "configuration"
    try:
        amis = patient.amis
    except Unreadable as unreadable:
        remedy = "correct it: `golden-ami config validate FILE`, `golden-ami config push FILE`"
        return error(check, f"{unreadable} ({patient.rights.said})", remedy)
    lost = [ami for ami in amis if ami.reason]
    if lost and lost[0].reason:
        cause = f"{len(lost)} of {len(amis)} AMIs would be NOT ASSESSED: {names(lost)}: {lost[0].reason.message} "
        cause += f"({patient.rights.said})"
        return error(check, cause, lost[0].reason.remedy)
    return ok(check, f"{len(amis)} AMIs in {patient.parameter}; {patient.rights.said}")


def template_parameters(patient: Patient) -> Diagnosis:
    """The stack is deployed with what the configuration's options need."""
    check = "template parameters"
    if lacking := missing(patient.config, patient.account.parameters):
        cause = f"the configuration needs {as_options(lacking)}, and the stack is deployed without"
        return error(check, cause, f"deploy with {as_options(lacking)}")
    return ok(check, f"{as_options(needed(patient.config)) or 'none'} needed")


def user_data(patient: Patient) -> Diagnosis:
    """No user data is longer than EC2 takes."""
    check = "user data"
    try:
        count = sum(bool(entry.user_data) for entry in patient.config.amis)
    except Unreadable:
        large = [problem for problem in patient.problems if problem.path.lower().endswith("userdata")]
        if not large:
            raise
        return error(check, f"{large[0].path} has {large[0].value}", large[0].remedy)
    return ok(check, f"{count} scripts, all within 16 KB")


def inspector(patient: Patient) -> Diagnosis:
    """Inspector scans EC2 in every region where the engine `instance` is used."""
    check = "Inspector enabled"
    scanned = patient.regions(ami for ami in patient.launched if traits(ami.engine).needs_activation)
    if not scanned:
        return ok(check, "not needed: no AMI is scanned on an instance by Amazon Inspector")
    for region in scanned:
        account = patient.account.settings.account
        answer = patient.client("inspector2", region).batch_get_account_status(accountIds=[account])
        state = answer["accounts"][0]["resourceState"]["ec2"]["status"] if answer["accounts"] else "not told"
        if state not in ("ENABLED", "ENABLING"):
            cause = f"EC2 scanning is {state} in {region}"
            if patient.config.enable_inspector:
                return warning(check, cause, "nothing to do: enableInspector lets the run enable it, which costs money")
            return error(check, cause, f"aws inspector2 enable --resource-types EC2 --region {region}")
    return ok(check, f"EC2 scanning is on in {', '.join(scanned)}")


def scan_configuration(patient: Patient) -> Diagnosis:
    """How Inspector scans instances, in every region where the engine `instance` is used."""
    check = "scan configuration"
    scanned = patient.regions(ami for ami in patient.launched if traits(ami.engine).needs_activation)
    if not scanned:
        return ok(check, "not needed: no AMI is scanned on an instance by Amazon Inspector")
    said = []
    for region in scanned:
        client = patient.client("inspector2", region)
        deep = client.get_ec2_deep_inspection_configuration().get("status", "not told")
        found = scan_configuration_of(client)
        enhanced = "on" if found.vm_scanner else "off"
        told = f"scan mode {found.scan_mode or 'not told'}, Enhanced EC2 Scanning {enhanced}, deep inspection {deep}"
        said.append(f"{region}: {told}")
        if deep != "ACTIVATED":
            remedy = (
                "aws inspector2 update-ec2-deep-inspection-configuration --activate-deep-inspection "
                f"--region {region}, or take languagePackages out of policy.require"
            )
            return warning(check, said[-1], remedy)
    return ok(check, "; ".join(said))


def boto3_version(patient: Patient) -> Diagnosis:
    """The AWS SDK knows the calls that the engines make."""
    import boto3

    check = "boto3"
    known = patient.client("inspector2").meta.service_model.operation_names
    for engine in ENGINES:
        wanted = [ami for ami in patient.amis if ami.engine == engine and ami.reason is None]
        operation = traits(engine).newest_operation
        if wanted and operation and operation not in known:
            needed = f"which engine {engine} needs for {names(wanted)}"
            cause = f"boto3 {boto3.__version__} does not know {operation}, {needed}"
            remedy = "install boto3 1.44.5 here, and botocore in the functions (make lock, sam deploy)"
            return error(check, cause, remedy)
    return ok(check, f"{boto3.__version__} knows what the configured engines call")


def subscriptions(patient: Patient) -> Diagnosis:
    """Somebody reads the reports."""
    check = "notifications"
    topic = patient.account.outputs["ResultsTopicArn"]
    pages = patient.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = [one for page in pages for one in page["Subscriptions"]]
    if not found:
        remedy = "deploy with NotificationEmail, or subscribe to the topic"
        return warning(check, f"nobody is subscribed to {topic}", remedy)
    waiting = [one["Endpoint"] for one in found if not one["SubscriptionArn"].startswith("arn:")]
    if waiting:
        cause = f"{', '.join(waiting)} has not confirmed the subscription"
        return warning(check, cause, "follow the link in the message that SNS has sent to that address")
    return ok(check, f"{len(found)} confirmed subscriptions")


def schedule(patient: Patient) -> Diagnosis:
    """Runs start by themselves."""
    check = "schedule"
    scheduler, name = patient.client("scheduler"), patient.account.output("ScheduleName")
    try:
        found = scheduler.get_schedule(Name=name)
    except scheduler.exceptions.ResourceNotFoundException:
        return error(check, f"there is no schedule {name}", "deploy the stack again (sam deploy)")
    if found["State"] != "ENABLED":
        remedy = "once a run by hand has succeeded: sam deploy --guided, and ENABLED at ScheduleState"
        return warning(check, f"{name} is {found['State']}, so runs are started by hand only", remedy)
    return ok(check, f"{found['ScheduleExpression']} ({found.get('ScheduleExpressionTimezone', 'UTC')})")


def exclusion_tag(patient: Patient) -> Diagnosis:
    """No AMI carries the tag that would have Inspector pass its instance over."""
    check = "exclusion tag"
    tagged = [ami for ami in patient.amis if any(key.lower() == EXCLUSION_TAG.lower() for key in ami.tags)]
    if tagged:
        remedy = (
            "nothing to do for a run, which does not copy the tag; remove it, or whoever launches the AMI is unscanned"
        )
        return warning(check, f"{names(tagged)} carries {EXCLUSION_TAG}", remedy)
    return ok(check, f"no AMI carries {EXCLUSION_TAG}")
