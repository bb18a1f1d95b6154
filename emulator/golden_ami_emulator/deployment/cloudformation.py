"""Deploying a template into the embedded AWS: what CloudFormation does, in its order, through the services' APIs."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden_ami_emulator.deployment.kinds import kind_of
from golden_ami_emulator.deployment.resources import Made, Properties, ResourceType, StackPlace
from golden_ami_emulator.deployment.template import Resolver, Template, TemplateError, resolve_parameters, translate


@dataclass(frozen=True)
class Resource:
    """One deployed resource."""

    logical_id: str
    type: str
    properties: Properties
    made: Made


class EmulatedStack:
    """A stack. `deploy` creates or updates it; a failure rolls back, as CloudFormation does by default, and raises."""

    def __init__(self, name: str, client: Callable[[str], Any], region: str, account: str) -> None:
        """Raises TemplateError for a name that CloudFormation does not take (its API reference, CreateStack)."""
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", name):
            raise TemplateError(
                f"stack name {name!r}: a letter, then letters, digits and hyphens, at most 128 characters"
            )
        self.name = name
        self.resources: dict[str, Resource] = {}  # by logical id, in the order of creation
        self.outputs: dict[str, str] = {}
        self.retained = 0  # resources that were let go; each takes a name from those that can be made up
        self._place = StackPlace(client, region, account)
        self._template: Template = {"Resources": {}}
        self._values: Mapping[str, Any] = {}
        self._gone: set[str] = set()  # logical ids of what the operation under way has let go
        self.replaced: list[Resource] = []  # by the operation under way, and not yet deleted

    def deploy(self, path: Path, parameters: Mapping[str, str]) -> None:
        """Make the stack as the SAM template at `path` and the parameters say. Raises TemplateError."""
        template = translate(path, parameters, self._place.region)
        values = resolve_parameters(template, parameters)
        before = dict(self.resources)
        self._gone, self.replaced = set(), []
        try:
            _Deployment(self, self._place, template, values).run()
        except Exception:
            self._roll_back(template, before)
            raise
        self._template, self._values = template, values

    def _roll_back(self, template: Template, before: Mapping[str, Resource]) -> None:
        """Undo an operation: what it has created goes, but for what its DeletionPolicy keeps; the rest is as before."""
        for resource in reversed(list(self.resources.values())):
            kept = before.get(resource.logical_id)
            if kept is None or kept.made.id != resource.made.id:
                self.let_go(resource, _policy(template, resource.logical_id, "DeletionPolicy") == "Retain")
        self._gone -= {resource.logical_id for resource in self.replaced}
        self.replaced = []
        self.resources = {name: self.resources.get(name, one) for name, one in before.items() if name not in self._gone}
        if before:
            _Deployment(self, self._place, self._template, self._values).run()

    def delete(self) -> None:
        """Delete the stack's resources, the last first, but those that their DeletionPolicy retains."""
        for resource in reversed(list(self.resources.values())):
            self.let_go(resource, _policy(self._template, resource.logical_id, "DeletionPolicy") in RETAINING)
        self.outputs = {}

    def remove(self, resource: Resource) -> None:
        """Delete a resource that is no longer in the template; the policy is that of the template that made it."""
        self.let_go(resource, _policy(self._template, resource.logical_id, "DeletionPolicy") in RETAINING)

    def let_go(self, resource: Resource, retain: bool) -> None:
        """Delete or retain a resource that is no longer the stack's."""
        if retain:
            self.retained += bool(kind_of(resource.type).name)
        else:
            kind_of(resource.type).delete(self._place, resource.made.id)
        self.resources.pop(resource.logical_id, None)
        self._gone.add(resource.logical_id)

    def clean_up(self, template: Template, wanted: Collection[str], order: Sequence[str]) -> None:
        """Delete what was replaced and what is no longer in the template, the last first in the order given."""
        unwanted = [one for name, one in self.resources.items() if name not in wanted]
        for resource in sorted([*self.replaced, *unwanted], key=lambda one: order.index(one.logical_id), reverse=True):
            if resource.logical_id not in wanted:
                self.remove(resource)
            elif _policy(template, resource.logical_id, "UpdateReplacePolicy") != "Retain":
                kind_of(resource.type).delete(self._place, resource.made.id)
        self.replaced = []

    def physical_id(self, logical_id: str) -> str:
        """What Ref gives for a resource. Raises KeyError."""
        return self.resources[logical_id].made.id

    def logical_id(self, physical_id: str) -> str:
        """The resource that Ref gives as this; "" where the stack has none."""
        return next((name for name, one in self.resources.items() if one.made.id == physical_id), "")


RETAINING = ("Retain", "RetainExceptOnCreate")


def _policy(template: Template, logical_id: str, kind: str) -> str:
    """A resource's DeletionPolicy or UpdateReplacePolicy. RetainExceptOnCreate is Retain but for the operation that
    creates the resource and is rolled back; UpdateReplacePolicy does not know it (CloudFormation's template reference).
    """
    return str(template["Resources"].get(logical_id, {}).get(kind, "Delete"))


class _Deployment:
    def __init__(
        self, stack: EmulatedStack, place: StackPlace, template: Template, parameters: Mapping[str, Any]
    ) -> None:
        self._stack = stack
        self._place = place
        self._template = template
        identity = uuid.uuid5(uuid.NAMESPACE_URL, stack.name)  # the same in every run
        pseudo = {
            "AWS::StackName": stack.name,
            "AWS::StackId": f"arn:aws:cloudformation:{place.region}:{place.account}:stack/{stack.name}/{identity}",
            "AWS::Region": place.region,
            "AWS::AccountId": place.account,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NotificationARNs": [],
        }
        self._resolver = Resolver(
            template, {**parameters, **pseudo}, self._reference, self._attribute, self._availability_zones
        )
        self._done: set[str] = set()
        self._under_way: list[str] = []

    def run(self) -> None:
        self._check_rules()
        wanted = [name for name, resource in self._template["Resources"].items() if self._holds(resource)]
        for resource in self._template["Resources"].values():
            kind_of(resource["Type"])  # before anything is made
        order = list(self._stack.resources)
        for name in wanted:
            self._ensure(name)
        self._stack.clean_up(self._template, wanted, order)
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

    def _availability_zones(self, _region: str) -> list[str]:
        """Fn::GetAZs: the zones with a default subnet, or all where none has one, by name (template reference)."""
        ec2 = self._place.client("ec2")  # of the stack's region: no template asks for another's
        zones = {zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]}
        default = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
        return sorted({subnet["AvailabilityZone"] for subnet in default} or zones)

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
                made = kind.update(self._place, existing.made.id, properties) or existing.made
                return Resource(name, resource_type, properties, made)
            if _is_made_first(resource_type, kind):
                self._stack.replaced.append(existing)
            else:
                self._stack.let_go(existing, _policy(self._template, name, "UpdateReplacePolicy") == "Retain")
        named = properties.get(kind.name) if kind.name else None
        physical = str(named or _physical_name(self._stack.name, name, resource_type, self._stack.retained))
        try:
            made = kind.create(self._place, physical, properties)
        except Exception as fault:
            fault.add_note(f"while making {name} ({resource_type})")
            raise
        return Resource(name, resource_type, properties, made)


def _is_made_first(resource_type: str, kind: ResourceType) -> bool:
    """Whether a replacement is made before what it replaces is deleted, as CloudFormation usually does (user guide,
    "Update behaviors of stack resources"); here of networks, where the old one can be in the way, and of versions,
    whose numbers depend on it.
    """
    return kind.name is None and (resource_type.startswith("AWS::EC2::") or resource_type.endswith("Version"))


def _same(old: Properties, new: Properties, kind: ResourceType) -> bool:
    return all(old.get(name) == new.get(name) for name in kind.update_keeps)


def _physical_name(stack: str, logical: str, resource_type: str, retained: int) -> str:
    """A name as CloudFormation makes it, the same in every run; another when resources of the stack were retained."""
    suffix = hashlib.sha256(f"{stack}/{logical}{f'/{retained}' * bool(retained)}".encode()).hexdigest()[:12]
    if resource_type == "AWS::S3::Bucket":
        return f"{stack[:20]}-{logical[:28]}-{suffix}".lower()
    return f"{stack}-{logical}"[:51] + f"-{suffix.upper()}"
