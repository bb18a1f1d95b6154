"""The API of Inspector Classic (`inspector`), which AWS ended on 2026-05-20 and moto never had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.core.responses import BaseResponse

from golden_ami_emulator.inspector import classic_model as model
from golden_ami_emulator.inspector import classic_state as state
from golden_ami_emulator.inspector import notify
from golden_ami_emulator.inspector.classic_run_operations import RunOperations, matching
from golden_ami_emulator.inspector.classic_state import described, found, invalid
from golden_ami_emulator.inspector.errors import Refusal
from golden_ami_emulator.inspector.service import Params, Service, operation, present
from golden_ami_emulator.inspector.wire import ModelViolation

if TYPE_CHECKING:
    from golden_ami_emulator.inspector.region import InspectorRegion

_NUMBERS = {  # list members whose length has an error code of its own
    "assessmentTargetArns": "INVALID_NUMBER_OF_ASSESSMENT_TARGET_ARNS",
    "assessmentTemplateArns": "INVALID_NUMBER_OF_ASSESSMENT_TEMPLATE_ARNS",
    "assessmentRunArns": "INVALID_NUMBER_OF_ASSESSMENT_RUN_ARNS",
    "findingArns": "INVALID_NUMBER_OF_FINDING_ARNS",
    "resourceGroupArns": "INVALID_NUMBER_OF_RESOURCE_GROUP_ARNS",
    "rulesPackageArns": "INVALID_NUMBER_OF_RULES_PACKAGE_ARNS",
    "resourceGroupTags": "INVALID_NUMBER_OF_RESOURCE_GROUP_TAGS",
    "attributes": "INVALID_NUMBER_OF_USER_ATTRIBUTES",
    "userAttributesForFindings": "INVALID_NUMBER_OF_USER_ATTRIBUTES",
    "agentIds": "INVALID_NUMBER_OF_AGENT_IDS",
    "severities": "INVALID_NUMBER_OF_SEVERITIES",
    "states": "INVALID_NUMBER_OF_ASSESSMENT_RUN_STATES",
    "tags": "INVALID_NUMBER_OF_TAGS",
}
_MEMBERS = {
    ("attributes", "key"): "INVALID_USER_ATTRIBUTE_KEY",
    ("attributes", "value"): "INVALID_USER_ATTRIBUTE_VALUE",
    ("userAttributesForFindings", "key"): "INVALID_USER_ATTRIBUTE_KEY",
    ("userAttributesForFindings", "value"): "INVALID_USER_ATTRIBUTE_VALUE",
    ("resourceGroupTags", "key"): "INVALID_RESOURCE_GROUP_TAG_KEY",
    ("resourceGroupTags", "value"): "INVALID_RESOURCE_GROUP_TAG_VALUE",
    ("tags", "key"): "INVALID_TAG_KEY",
    ("tags", "value"): "INVALID_TAG_VALUE",
    ("durationInSeconds",): "INVALID_ASSESSMENT_TEMPLATE_DURATION",
    ("assessmentTargetName",): "INVALID_ASSESSMENT_TARGET_NAME",
    ("assessmentTemplateName",): "INVALID_ASSESSMENT_TEMPLATE_NAME",
    ("maxResults",): "INVALID_MAX_RESULTS",
    ("nextToken",): "INVALID_PAGINATION_TOKEN",
    ("event",): "INVALID_EVENT",
    ("locale",): "INVALID_LOCALE",
}


class InspectorClassic(RunOperations, Service, BaseResponse):
    """Resource groups, targets, templates, subscriptions, rules packages, tags. Runs and findings are mixed in."""

    def __init__(self) -> None:
        super().__init__(service_name="inspector")

    def refuse(self, found: Sequence[ModelViolation]) -> Refusal:
        """The service's error for a request that breaks its model."""
        first = found[0]
        codes = [_NUMBERS.get(first.path[-1])] if first.kind == "length" else []
        codes += [_MEMBERS.get(first.path[-2:]), _MEMBERS.get(first.path[-1:])]
        code = next((code for code in codes if code), "INVALID_RESOURCE_ARN")
        return invalid(code, f"{len(found)} validation error(s) detected: {first.message}")

    @operation
    def create_resource_group(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Create a group of tags."""
        tags = {tag["key"]: tag.get("value") for tag in params["resourceGroupTags"]}
        arn = state.arn(region, f"resourcegroup/{state.new_id()}")
        region.classic.groups[arn] = model.ResourceGroup(arn, tags, region.now())
        return {"resourceGroupArn": arn}

    @operation
    def describe_resource_groups(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Groups by ARN."""
        groups, failed = described(region.classic.groups, params["resourceGroupArns"])
        rows = [{"arn": group.arn, "tags": _tag_list(group.tags), "createdAt": group.created_at} for group in groups]
        return {"resourceGroups": rows, "failedItems": failed}

    @operation
    def create_assessment_target(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Create a target; its name is unique in the region."""
        name, group = params["assessmentTargetName"], _group(region, params)
        _check_target_name(region, name)
        arn, now = state.arn(region, f"target/{state.new_id()}"), region.now()
        region.classic.targets[arn] = model.AssessmentTarget(arn, name, group, now, now)
        return {"assessmentTargetArn": arn}

    @operation
    def list_assessment_targets(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Targets by name pattern."""
        pattern = (params.get("filter") or {}).get("assessmentTargetNamePattern")
        arns = [target.arn for target in region.classic.targets.values() if matching(target.name, pattern)]
        return self.arn_page(region, params, "assessmentTargetArns", lambda: arns)

    @operation
    def describe_assessment_targets(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Targets by ARN."""
        targets, failed = described(region.classic.targets, params["assessmentTargetArns"])
        rows = [
            present(
                arn=target.arn,
                name=target.name,
                resourceGroupArn=target.group.arn if target.group else None,
                createdAt=target.created_at,
                updatedAt=target.updated_at,
            )
            for target in targets
        ]
        return {"assessmentTargets": rows, "failedItems": failed}

    @operation
    def update_assessment_target(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Give a target another name and group; without a group it is all instances."""
        target = found(region.classic.targets, params["assessmentTargetArn"], "ASSESSMENT_TARGET")
        group, name = _group(region, params), params["assessmentTargetName"]
        if name != target.name:
            _check_target_name(region, name)
        target.name, target.group, target.updated_at = name, group, region.now()
        return {}

    @operation
    def delete_assessment_target(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Delete a target with its templates, unless one of them runs."""
        target = found(region.classic.targets, params["assessmentTargetArn"], "ASSESSMENT_TARGET")
        templates = [template for template in region.classic.templates.values() if template.target is target]
        _refuse_running(region, templates)
        for template in templates:
            _delete_template(region, template)
        del region.classic.targets[target.arn]
        return {}

    @operation
    def create_assessment_template(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Create a template; its name is unique for its target."""
        target = found(region.classic.targets, params["assessmentTargetArn"], "ASSESSMENT_TARGET")
        name, known = params["assessmentTemplateName"], state.package_arns(region)
        for package in params["rulesPackageArns"]:
            found(dict.fromkeys(known), package, "RULES_PACKAGE")
        siblings = [template for template in region.classic.templates.values() if template.target is target]
        if any(template.name == name for template in siblings):
            text = f"An assessment template with the name {name} already exists for this target"
            raise invalid("ASSESSMENT_TEMPLATE_NAME_ALREADY_TAKEN", text)
        arn = f"{target.arn}/template/{state.new_id()}"
        duration, packages = int(params["durationInSeconds"]), list(params["rulesPackageArns"])
        attributes = list(params.get("userAttributesForFindings") or [])
        template = model.AssessmentTemplate(arn, name, target, duration, packages, attributes, region.now())
        region.classic.templates[arn] = template
        return {"assessmentTemplateArn": arn}

    @operation
    def list_assessment_templates(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Templates by target, name pattern, duration and rules packages."""
        wanted = params.get("assessmentTargetArns") or []
        for target in wanted:
            found(region.classic.targets, target, "ASSESSMENT_TARGET")
        criteria = params.get("filter") or {}
        arns = [
            template.arn
            for template in region.classic.templates.values()
            if (not wanted or template.target.arn in wanted)
            and matching(template.name, criteria.get("namePattern"))
            and _in_range(template.duration, criteria.get("durationRange") or {})
            and set(criteria.get("rulesPackageArns") or []) <= set(template.packages)
        ]
        return self.arn_page(region, params, "assessmentTemplateArns", lambda: arns)

    @operation
    def describe_assessment_templates(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Templates by ARN."""
        templates, failed = described(region.classic.templates, params["assessmentTemplateArns"])
        return {"assessmentTemplates": [_template_row(region, item) for item in templates], "failedItems": failed}

    @operation
    def delete_assessment_template(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Delete a template with its runs and their findings, unless it runs."""
        template = found(region.classic.templates, params["assessmentTemplateArn"], "ASSESSMENT_TEMPLATE")
        _refuse_running(region, [template])
        _delete_template(region, template)
        return {}

    @operation
    def subscribe_to_event(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Have a topic told of an event; the topic hears at once that it is subscribed."""
        template = found(region.classic.templates, params["resourceArn"], "ASSESSMENT_TEMPLATE")
        topic, event = params["topicArn"], params["event"]
        notify.check_topic(region, topic)
        if _subscription(region, template.arn, topic, event) is None:
            region.classic.subscriptions.append(model.Subscription(template.arn, topic, event, region.now()))
            region.send([notify.enabled(region, template.arn, template.target.arn, topic)], "notify subscriber")
        return {}

    @operation
    def unsubscribe_from_event(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Have a topic told no more."""
        template = found(region.classic.templates, params["resourceArn"], "ASSESSMENT_TEMPLATE")
        subscription = _subscription(region, template.arn, params["topicArn"], params["event"])
        if subscription is None:
            raise state.no_such("SNS_TOPIC", params["topicArn"])
        region.classic.subscriptions.remove(subscription)
        return {}

    @operation
    def list_event_subscriptions(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Subscriptions by template and topic."""
        wanted = params.get("resourceArn")
        if wanted:
            found(region.classic.templates, wanted, "ASSESSMENT_TEMPLATE")
        grouped: dict[tuple[str, str], list[dict[str, str | datetime]]] = {}
        for item in region.classic.subscriptions:
            if wanted in (None, item.resource_arn):
                events = grouped.setdefault((item.resource_arn, item.topic_arn), [])
                events.append({"event": item.event, "subscribedAt": item.subscribed_at})
        rows = [
            {"resourceArn": resource, "topicArn": topic, "eventSubscriptions": events}
            for (resource, topic), events in grouped.items()
        ]
        page, token = self.page(region, params, self.limit(params), lambda: rows)
        return present(subscriptions=page, nextToken=token)

    @operation
    def list_rules_packages(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """The region's rules packages."""
        return self.arn_page(region, params, "rulesPackageArns", lambda: state.package_arns(region))

    @operation
    def describe_rules_packages(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Rules packages by ARN."""
        known = {state.package_arn(region, package): text for package, text in model.PACKAGES.items()}
        named = {arn: (arn, *text) for arn, text in known.items()}
        packages, failed = described(named, params["rulesPackageArns"])
        rows = [
            {"arn": arn, "name": name, "version": "1.1", "provider": "Amazon Web Services, Inc.", "description": text}
            for arn, name, text in packages
        ]
        return {"rulesPackages": rows, "failedItems": failed}

    @operation
    def list_tags_for_resource(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """A template's tags."""
        template = found(region.classic.templates, params["resourceArn"], "ASSESSMENT_TEMPLATE")
        return {"tags": region.classic.tags.get(template.arn, [])}

    @operation
    def set_tags_for_resource(self, region: InspectorRegion, params: Params) -> dict[str, Any]:
        """Replace a template's tags."""
        template = found(region.classic.templates, params["resourceArn"], "ASSESSMENT_TEMPLATE")
        region.classic.tags[template.arn] = list(params.get("tags") or [])
        return {}


def _group(region: InspectorRegion, params: Params) -> model.ResourceGroup | None:
    arn = params.get("resourceGroupArn")
    return found(region.classic.groups, arn, "RESOURCE_GROUP") if arn else None


def _tag_list(tags: dict[str, str | None]) -> list[dict[str, Any]]:
    return [present(key=key, value=value) for key, value in tags.items()]


def _check_target_name(region: InspectorRegion, name: str) -> None:
    if any(target.name == name for target in region.classic.targets.values()):
        text = f"An assessment target with the name {name} already exists"
        raise invalid("ASSESSMENT_TARGET_NAME_ALREADY_TAKEN", text)


def _in_range(duration: int, wanted: dict[str, int]) -> bool:
    return wanted.get("minSeconds", duration) <= duration <= wanted.get("maxSeconds", duration)


def _template_row(region: InspectorRegion, template: model.AssessmentTemplate) -> dict[str, Any]:
    runs = [run.arn for run in region.classic.runs.values() if run.template is template]
    return present(
        arn=template.arn,
        name=template.name,
        assessmentTargetArn=template.target.arn,
        durationInSeconds=template.duration,
        rulesPackageArns=template.packages,
        userAttributesForFindings=template.attributes,
        lastAssessmentRunArn=runs[-1] if runs else None,
        assessmentRunCount=len(runs),
        createdAt=template.created_at,
    )


def _refuse_running(region: InspectorRegion, templates: Sequence[model.AssessmentTemplate]) -> None:
    arns = {template.arn for template in templates}
    running = [run.arn for run in region.classic.runs.values() if run.active and run.template.arn in arns]
    if running:
        raise Refusal(
            "AssessmentRunInProgressException",
            "An assessment run is in progress",
            assessmentRunArns=running[:10],
            assessmentRunArnsTruncated=len(running) > 10,
            canRetry=True,
        )


def _delete_template(region: InspectorRegion, template: model.AssessmentTemplate) -> None:
    classic = region.classic
    gone = Counter(run.arn for run in classic.runs.values() if run.template is template)
    classic.findings = {arn: item for arn, item in classic.findings.items() if item.run.arn not in gone}
    classic.runs = {arn: run for arn, run in classic.runs.items() if arn not in gone}
    classic.subscriptions = [item for item in classic.subscriptions if item.resource_arn != template.arn]
    classic.tags.pop(template.arn, None)
    del classic.templates[template.arn]


def _subscription(region: InspectorRegion, template: str, topic: str, event: str) -> model.Subscription | None:
    wanted = (template, topic, event)
    known = region.classic.subscriptions
    return next((item for item in known if (item.resource_arn, item.topic_arn, item.event) == wanted), None)
