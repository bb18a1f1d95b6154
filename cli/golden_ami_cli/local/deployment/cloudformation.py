"""Deploying a template into the embedded AWS: what CloudFormation does, in its order, through the services' APIs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden_ami_cli.local.deployment.resources import Kind, Made, Place, Properties, kind_of
from golden_ami_cli.local.deployment.template import Resolver, Template, TemplateError, resolve_parameters, translate


@dataclass(frozen=True)
class Resource:
    """One deployed resource."""

    logical_id: str
    type: str
    properties: Properties
    made: Made


class Stack:
    """A stack. `deploy` creates or updates it; a failure raises at once and leaves what was made so far."""

    def __init__(self, name: str, client: Callable[[str], Any], region: str, account: str) -> None:
        self.name = name
        self.resources: dict[str, Resource] = {}  # by logical id, in the order of creation
        self.outputs: dict[str, str] = {}
        self._place = Place(client, region, account)
        self._template: Template = {"Resources": {}}

    def deploy(self, path: Path, parameters: Mapping[str, str]) -> None:
        """Make the stack as the SAM template at `path` and the parameters say. Raises TemplateError."""
        template = translate(path, parameters, self._place.region)
        _Deployment(self, self._place, template, resolve_parameters(template, parameters)).run()
        self._template = template

    def delete(self) -> None:
        """Delete the stack's resources, the last first, but those whose DeletionPolicy is Retain."""
        for resource in reversed(list(self.resources.values())):
            retained = self._template["Resources"][resource.logical_id].get("DeletionPolicy") == "Retain"
            if not retained:
                kind_of(resource.type).delete(self._place, resource.made.id)
            del self.resources[resource.logical_id]
        self.outputs = {}

    def physical_id(self, logical_id: str) -> str:
        """What Ref gives for a resource. Raises KeyError."""
        return self.resources[logical_id].made.id


class _Deployment:
    def __init__(self, stack: Stack, place: Place, template: Template, parameters: Mapping[str, Any]) -> None:
        self._stack = stack
        self._place = place
        self._template = template
        pseudo = {
            "AWS::StackName": stack.name,
            "AWS::StackId": f"arn:aws:cloudformation:{place.region}:{place.account}:stack/{stack.name}/embedded",
            "AWS::Region": place.region,
            "AWS::AccountId": place.account,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NotificationARNs": [],
        }
        self._resolver = Resolver(template, {**parameters, **pseudo}, self._reference, self._attribute)
        self._done: set[str] = set()
        self._under_way: list[str] = []

    def run(self) -> None:
        self._check_rules()
        wanted = [name for name, resource in self._template["Resources"].items() if self._holds(resource)]
        for resource in self._template["Resources"].values():
            kind_of(resource["Type"])  # before anything is made
        for name in wanted:
            self._ensure(name)
        for resource in reversed(list(self._stack.resources.values())):
            if resource.logical_id not in wanted:
                kind_of(resource.type).delete(self._place, resource.made.id)
                del self._stack.resources[resource.logical_id]
        self._stack.outputs = {
            name: str(self._resolver.resolve(output["Value"]))
            for name, output in self._template.get("Outputs", {}).items()
            if self._holds(output)
        }

    def _check_rules(self) -> None:
        for name, rule in self._template.get("Rules", {}).items():
            if self._resolver.resolve(rule.get("RuleCondition", True)):
                for assertion in rule["Assertions"]:
                    if not self._resolver.resolve(assertion["Assert"]):
                        raise TemplateError(f"rule {name}: {assertion.get('AssertDescription', assertion['Assert'])}")

    def _holds(self, part: Mapping[str, Any]) -> bool:
        return self._resolver.condition(part.get("Condition"))

    def _reference(self, name: str) -> str:
        return self._ensure(name).made.id

    def _attribute(self, name: str, attribute: str) -> Any:
        made = self._ensure(name).made
        if attribute not in made.attributes:
            kind = self._template["Resources"][name]["Type"]
            raise TemplateError(f"{name}: the embedded AWS knows no attribute {attribute} of {kind}")
        return made.attributes[attribute]

    def _ensure(self, name: str) -> Resource:
        """The resource as the template wants it, made or changed now if it is not yet."""
        if name in self._done:
            return self._stack.resources[name]
        if name not in self._template["Resources"]:
            raise TemplateError(f"the template has neither a parameter nor a resource {name}")
        if name in self._under_way:
            raise TemplateError(f"circular dependency: {' -> '.join([*self._under_way, name])}")
        self._under_way.append(name)
        declared = self._template["Resources"][name]
        if not self._holds(declared):
            raise TemplateError(f"{name} is referred to, but its condition {declared['Condition']} does not hold")
        needed = declared.get("DependsOn", [])
        for dependency in [needed] if isinstance(needed, str) else needed:
            if self._holds(self._template["Resources"][dependency]):
                self._ensure(dependency)
        properties = self._resolver.resolve(declared.get("Properties", {}))
        self._stack.resources[name] = self._apply(name, declared["Type"], properties)
        self._under_way.pop()
        self._done.add(name)
        return self._stack.resources[name]

    def _apply(self, name: str, resource_type: str, properties: Properties) -> Resource:
        kind = kind_of(resource_type)
        existing = self._stack.resources.pop(name, None)
        if existing is not None:
            if existing.properties == properties:
                return existing
            if kind.update and _same(existing.properties, properties, kind):
                kind.update(self._place, existing.made.id, properties)
                return Resource(name, resource_type, properties, existing.made)
            kind.delete(self._place, existing.made.id)
        named = properties.get(kind.name) if kind.name else None
        physical = str(named or _physical_name(self._stack.name, name, resource_type))
        try:
            made = kind.create(self._place, physical, properties)
        except Exception as fault:
            fault.add_note(f"while making {name} ({resource_type})")
            raise
        return Resource(name, resource_type, properties, made)


def _same(old: Properties, new: Properties, kind: Kind) -> bool:
    return all(old.get(name) == new.get(name) for name in kind.update_keeps)


def _physical_name(stack: str, logical: str, resource_type: str) -> str:
    """A name as CloudFormation makes it, the same in every run."""
    suffix = hashlib.sha256(f"{stack}/{logical}".encode()).hexdigest()[:12]
    if resource_type == "AWS::S3::Bucket":
        return f"{stack[:20]}-{logical[:28]}-{suffix}".lower()
    return f"{stack}-{logical}"[:51] + f"-{suffix.upper()}"
