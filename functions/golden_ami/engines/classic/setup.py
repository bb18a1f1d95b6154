"""Inspector Classic's resource group, target, template and subscription: made once, found and corrected after.

Two runs may create at once and an earlier creation may have stopped half way: every step looks first, creates if it
must, and looks again when the name is taken by then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from golden_ami.aws.errors import code_of
from golden_ami.errors import EngineBusy
from golden_ami.models import ASSESSMENT_TAG
from golden_ami.parallel import chunks

NAME = "ContinuousAssessment"
EVENT = "ASSESSMENT_RUN_COMPLETED"
_TAGS = [{"key": ASSESSMENT_TAG, "value": "true"}]
_DESCRIBED = 10  # ARNs that a Describe call takes


class Setup:
    """What Inspector Classic needs before a run can start."""

    def __init__(self, inspector: Any, topic: str) -> None:
        self._inspector = inspector
        self._topic = topic

    def ensure(self, seconds: int, rules_packages: Sequence[str]) -> str:
        """The ARN of the template, as configured and subscribed. Raises EngineBusy when a run keeps it from that.

        A template cannot be changed, so one that differs is deleted (with its past runs, as Inspector does) and made
        anew.
        """
        rules = self._rules(rules_packages)
        target = self._ensured_target()
        found = self._find_template(target)
        if found and not _is_as_configured(found, seconds, rules):
            self._delete_template(found)
            found = None
        arn = found["arn"] if found else self._create_template(target, seconds, rules)
        self._ensure_subscription(arn)
        return arn

    def template(self, seconds: int, rules_packages: Sequence[str]) -> str:
        """The ARN of the template that `ensure` left. Raises EngineBusy when another run has replaced it since."""
        target = self.target()
        found = self._find_template(target) if target else None
        if not found or not _is_as_configured(found, seconds, self._rules(rules_packages)):
            raise EngineBusy(
                f"assessment template {NAME} was replaced by another run with other settings; start this run again"
            )
        return str(found["arn"])

    def target(self) -> str:
        """The ARN of the target, or ""."""
        found = self._find_target()
        return str(found["arn"]) if found else ""

    def _ensured_target(self) -> str:
        found = self._find_target()
        if not found:
            group = self._create_group()
            return self._created_or_found(
                lambda: self._inspector.create_assessment_target(assessmentTargetName=NAME, resourceGroupArn=group)[
                    "assessmentTargetArn"
                ],
                self._find_target,
            )
        if not self._is_ours(found.get("resourceGroupArn", "")):
            self._inspector.update_assessment_target(
                assessmentTargetArn=found["arn"], assessmentTargetName=NAME, resourceGroupArn=self._create_group()
            )
        return str(found["arn"])

    def _create_template(self, target: str, seconds: int, rules: Sequence[str]) -> str:
        return self._created_or_found(
            lambda: self._inspector.create_assessment_template(
                assessmentTargetArn=target,
                assessmentTemplateName=NAME,
                durationInSeconds=seconds,
                rulesPackageArns=list(rules),
            )["assessmentTemplateArn"],
            lambda: self._find_template(target),
        )

    def _created_or_found(self, create: Callable[[], str], find: Callable[[], dict[str, Any] | None]) -> str:
        try:
            return create()
        except ClientError as error:
            found = find() if code_of(error) == "InvalidInputException" else None
            if not found:
                raise
            return str(found["arn"])  # another run was faster

    def _delete_template(self, template: dict[str, Any]) -> None:
        try:
            self._inspector.delete_assessment_template(assessmentTemplateArn=template["arn"])
        except ClientError as error:
            if code_of(error) == "AssessmentRunInProgressException":
                raise EngineBusy(
                    f"assessment template {NAME} differs from the configuration (duration or rules packages) and "
                    f"cannot be replaced while run {template.get('lastAssessmentRunArn', '')} is in progress; start "
                    "again when it has ended"
                ) from error
            if code_of(error) != "NoSuchEntityException":
                raise

    def _ensure_subscription(self, template: str) -> None:
        pages = self._inspector.get_paginator("list_event_subscriptions").paginate(resourceArn=template)
        for page in pages:
            for one in page["subscriptions"]:
                events = {each["event"] for each in one["eventSubscriptions"]}
                if one["topicArn"] == self._topic and EVENT in events:
                    return
        self._inspector.subscribe_to_event(resourceArn=template, event=EVENT, topicArn=self._topic)

    def _find_target(self) -> dict[str, Any] | None:
        pages = self._inspector.get_paginator("list_assessment_targets").paginate(
            filter={"assessmentTargetNamePattern": NAME}
        )
        for batch in chunks((arn for page in pages for arn in page["assessmentTargetArns"]), _DESCRIBED):
            answer = self._inspector.describe_assessment_targets(assessmentTargetArns=batch)
            for target in answer["assessmentTargets"]:
                if target["name"] == NAME:
                    found: dict[str, Any] = target
                    return found
        return None

    def _find_template(self, target: str) -> dict[str, Any] | None:
        pages = self._inspector.get_paginator("list_assessment_templates").paginate(
            assessmentTargetArns=[target], filter={"namePattern": NAME}
        )
        for batch in chunks((arn for page in pages for arn in page["assessmentTemplateArns"]), _DESCRIBED):
            answer = self._inspector.describe_assessment_templates(assessmentTemplateArns=batch)
            for template in answer["assessmentTemplates"]:
                if template["name"] == NAME:
                    found: dict[str, Any] = template
                    return found
        return None

    def _is_ours(self, group: str) -> bool:
        if not group:
            return False
        groups = self._inspector.describe_resource_groups(resourceGroupArns=[group])["resourceGroups"]
        return any(one["tags"] == _TAGS for one in groups)

    def _create_group(self) -> str:
        return str(self._inspector.create_resource_group(resourceGroupTags=_TAGS)["resourceGroupArn"])

    def _rules(self, configured: Sequence[str]) -> list[str]:
        if configured:
            return sorted(set(configured))
        pages = self._inspector.get_paginator("list_rules_packages").paginate()
        return sorted(arn for page in pages for arn in page["rulesPackageArns"])


def _is_as_configured(template: dict[str, Any], seconds: int, rules: Sequence[str]) -> bool:
    return template["durationInSeconds"] == seconds and sorted(template["rulesPackageArns"]) == rules
