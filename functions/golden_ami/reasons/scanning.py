"""Reasons that the steps from Ensure Target Template to Tag Findings give, of every engine; see also `inspector`."""

from __future__ import annotations

from golden_ami.reasons.cause import Cause

# ---------------------------------------------------------------- engines

ENGINE_UNAVAILABLE = Cause(
    "ENGINE_UNAVAILABLE",
    when="Ensure Target Template, Start Run: the engine cannot be used, and the run has another that can",
    message="{error}",
    remedy="do what the message says, or choose another engine for this AMI",
)
ENGINE_BUSY = Cause(
    "ENGINE_BUSY",
    when="Ensure Target Template, Start Run: another run holds the engine, and the run has another engine",
    message=ENGINE_UNAVAILABLE.message,
    remedy=ENGINE_UNAVAILABLE.remedy,
)
CLASSIC_LIMIT = Cause(
    "CLASSIC_LIMIT",
    when="Ensure Target Template: the run has more AMIs with engine classic than a target holds",
    message="an Inspector Classic run holds {limit} instances and this AMI comes after them",
    remedy="split the configuration, or use engine `instance` or `ami`",
)

# ---------------------------------------------------------------- instances and agents

INSTANCE_DIED = Cause(
    "INSTANCE_DIED",
    when="Check Agents, Tag Findings: DescribeInstances shows the instance stopped or terminated or, five minutes "
    "after its launch, not at all",
    message="instance {instance} is {state} before its findings were collected[: {why}]",
    remedy="launch the AMI by hand with the same instance type and user data and read its console output",
)
AGENT_NOT_REGISTERED = Cause(
    "AGENT_NOT_REGISTERED",
    when="Check Agents: at the agent deadline, Systems Manager does not list the instance",
    message="the SSM agent of {instance} never registered: the AMI has no running agent, or the subnet has no route "
    "to SSM, or the instance profile lacks AmazonSSMManagedInstanceCore",
    remedy="install the agent in the AMI; give the subnet NAT or endpoints for ssm, ssmmessages and ec2messages; "
    "or use engine `ami`, which needs no agent",
)
AGENT_NOT_REGISTERED_HYBRID = AGENT_NOT_REGISTERED.also(
    when="Check Agents: likewise, and Amazon Inspector's scan mode is EC2_HYBRID",
    message="the SSM agent of {instance} never registered; Amazon Inspector's scan mode is EC2_HYBRID, so it looks for "
    "such instances every hour and scans them from snapshots, and had not done so yet",
    remedy="install the agent in the AMI; or raise waits.agentDeadlineSeconds to 7200 and take operatingSystem out of "
    "policy.require, as nobody names the system without an agent; or use engine `ami`, which needs no agent",
)
INSTANCE_WITHOUT_PROFILE = AGENT_NOT_REGISTERED.also(
    when="Check Agents: at the agent deadline, Systems Manager does not list the instance, which has no profile",
    message="the SSM agent of {instance} never registered: the instance has no instance profile",
    remedy="set the stack's instance profile (AmazonSSMManagedInstanceCore), or turn on Default Host Management",
)
AGENT_NOT_HEALTHY = Cause(
    "AGENT_NOT_HEALTHY",
    when="Check Agents: at the agent deadline, PreviewAgents of Inspector Classic does not say HEALTHY",
    message="the Inspector agent of {instance} is {health}",
    remedy="let userData install and start the Inspector Classic agent, and give the subnet a route to Inspector",
)
AGENT_NEVER_ANSWERED = AGENT_NOT_HEALTHY.also(
    when="Check Agents: at the agent deadline, PreviewAgents of Inspector Classic does not list the instance",
    message="the Inspector agent of {instance} never answered",
)
AGENT_NOT_READY = Cause(
    "AGENT_NOT_READY",
    when="Check Agents: at the agent deadline, the agent is not ready and the engine gives no cause",
    message="the agent did not answer",
    remedy="see that the AMI runs an agent",
)

# ---------------------------------------------------------------- scans

SCAN_NOT_STARTED = Cause(
    "SCAN_NOT_STARTED",
    when="Start Run: the engine has neither a scan nor a refusal for the AMI",
    message="the scanner was asked to scan this AMI and did not start",
    remedy="start a new run",
)
COMPLETION_DEADLINE = Cause(
    "COMPLETION_DEADLINE",
    when="Check Run: at the completion deadline, the scan still runs",
    message="the scan was not over at the completion deadline; {last}",
    remedy="raise waits.completionDeadlineSeconds, or start a new run",
)
COMPLETION_DEADLINE_WITH_CAUSE = COMPLETION_DEADLINE.also(
    when="Check Run: at the completion deadline, the scan still runs, and the engine knows why",
    message=COMPLETION_DEADLINE.message + ": {cause}",
    remedy="{remedy}",
)
ASSESSMENT_RUN_FAILED = Cause(
    "ASSESSMENT_RUN_FAILED",
    when="Check Run: the assessment run of Inspector Classic ended as FAILED, ERROR or CANCELED",
    message="assessment run {run} ended as {state}",
    remedy="see the run's state changes in Inspector and start the assessment again",
)
AGENT_SENT_NOTHING = Cause(
    "AGENT_SENT_NOTHING",
    when="Check Run: ListAssessmentRunAgents of Inspector Classic has no telemetry of the agent",
    message="the agent of {instance} sent nothing during the assessment run ({health})",
    remedy="see that the agent, and the instance, stay up for the whole assessment",
)

# ---------------------------------------------------------------- CIS

CIS_FAILED = Cause(
    "CIS_FAILED",
    when="Check Run: the CIS scan of the run ended in another state than COMPLETED",
    message="the CIS scan of the run ended as {status}",
    remedy="give the instance profile AmazonInspector2ManagedCisPolicy and see that Inspector's CIS supports the "
    "operating system, or leave `cis` out of the configuration",
)
CIS_UNFINISHED = CIS_FAILED.also(
    when="Check Run: the CIS scan of the instance ended as TIMED_OUT or CANCELLED",
    message="the CIS scan of {instance} ended as {status} after {checks} checks",
)
CIS_NO_CHECKS = Cause(
    "CIS_NO_CHECKS",
    when="Check Run: the CIS scan of the instance has no check that passed or failed",
    message="the CIS scan of {instance} judged no check ({status}, {skipped} skipped); zero checks is no pass",
    remedy=CIS_FAILED.remedy,
)
