"""A year's assessments, run by the product in one embedded account."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, ExitStack
from hashlib import sha256
from typing import Any

from tests.year import bodies
from tests.year.truth import START, Build, Line, Year, instant

from golden_ami_emulator.embedded import Embedded
from golden_ami_emulator.inspector import installed
from golden_ami_emulator.world import ACCOUNT, REGION, Image, World

OWNER = "payments"  # has a topic of its own
_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{OWNER}"
_PARAMETER = "ContinuousAssessmentInput"
_WAITS = {"pollSeconds": 600, "agentPollSeconds": 120}


def run_id(week: int) -> str:
    """The id of a week's run."""
    return f"week-{week:02}"


class Account(AbstractContextManager["Account"]):
    """The account: ledger, bucket and topics stay from week to week."""

    def __init__(self, year: Year) -> None:
        self._year = year
        images = [Image(build.ami_id, build.name, line.tags(build, 0)) for line in year.lines for build in line.builds]
        self._findings: dict[str, list[Any]] = {}
        self._world = World(images, self._findings)
        self._stack = ExitStack()

    def __enter__(self) -> Account:
        parameters = {"CisBenchmark": "true", "OwnerTopicArns": _TOPIC}
        self.aws = self._stack.enter_context(Embedded(self._world, parameters=parameters, start=START))
        self.aws.client("sns").create_topic(Name=OWNER)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def assess(self, week: int) -> str:
        """Let time pass until a week's assessment, run it, and say how the execution ended."""
        wait = (instant(week) - self.aws.clock.now()).total_seconds()
        if wait > 0:
            self.aws.clock.sleep(wait)
        for line, build in self._year.assessed(week):
            self._happens(line, build, week)
        installed().learn()
        self.aws.put_configuration(_PARAMETER, self._configuration(week))
        return str(self.aws.run({"AMIsParamName": _PARAMETER}, run_id(week))["status"])

    def _happens(self, line: Line, build: Build, week: int) -> None:
        """What has become of an AMI since the week before, and what a scan would find now."""
        self._findings[build.ami_id] = list(bodies.findings(self._year, line, build, week))
        self._world.behaviours[build.ami_id] = bodies.behaviour(self._year, line, build, week)
        ec2 = self.aws.client("ec2")
        gone = build.gone_from
        if gone == week:
            ec2.deregister_image(ImageId=build.ami_id)
        elif (gone is None or week < gone) and (week == build.first or (line.renamed and line.renamed[0] == week)):
            tags = [{"Key": key, "Value": value} for key, value in line.tags(build, week).items()]
            ec2.create_tags(Resources=[build.ami_id], Tags=tags)

    def _configuration(self, week: int) -> str:
        year = self._year
        amis = [
            {"amiId": build.ami_id, "engine": line.engines[week], "policy": line.policy}
            | ({"lineage": line.name} if line.told_by == "configuration" else {})
            for line, build in year.assessed(week)
        ]
        exceptions = [
            {
                "vulnerability": one.vulnerability,
                "scope": dict(one.scope),
                "reason": "not reachable",
                "owner": "security",
                "expires": one.expires.isoformat(),
            }
            for one in year.accepted
        ]
        content = {"version": 1, "waits": _WAITS, "amis": amis, "exceptions": exceptions, "routes": {OWNER: _TOPIC}}
        return json.dumps(content | ({"cis": year.levels[week]} if year.levels[week] else {}), separators=(",", ":"))

    # ------------------------------------------------------------ what is left of a run

    def object(self, key: str) -> bytes:
        """An object of the bucket. Raises NoSuchKey."""
        answer = self.aws.client("s3").get_object(Bucket=self.aws.outputs["ReportBucket"], Key=key)
        return bytes(answer["Body"].read())

    def report(self, week: int) -> Any:
        """A week's report.json."""
        return json.loads(self.object(_report_key(week)))

    def digest(self, week: int) -> str:
        """Version and digest of report.json: another one was written by somebody since."""
        answer = self.aws.client("s3").get_object(Bucket=self.aws.outputs["ReportBucket"], Key=_report_key(week))
        return f"{answer['VersionId']} {sha256(answer['Body'].read()).hexdigest()}"

    def messages(self, week: int) -> tuple[list[str], list[str]]:
        """About a week's run: those to the results topic, and those to the owner's."""
        sent = [one for one in self.aws.notifications() if f"Run {run_id(week)}," in one.message]
        results = self.aws.outputs["ResultsTopicArn"]
        return (
            [one.message for one in sent if one.topic == results],
            [one.message for one in sent if one.topic == _TOPIC],
        )


def _report_key(week: int) -> str:
    return f"runs/{run_id(week)}/report.json"
