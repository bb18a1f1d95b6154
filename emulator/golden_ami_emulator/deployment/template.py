"""A SAM template as CloudFormation sees it: translated, its parameters checked, its functions resolved."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network
from itertools import islice
from pathlib import Path
from typing import Any

Template = dict[str, Any]
_CODE = "s3://embedded/functions.zip"  # the translator wants code in S3; handlers run from the working tree


class TemplateError(ValueError):
    """The template or its parameters cannot be deployed; the message names the place and the value."""


def translate(path: Path, parameters: Mapping[str, str], region: str) -> Template:
    """The CloudFormation template that AWS's own translator makes of a SAM template; the caller owns the answer."""
    path = path.resolve()
    definitions = tuple((file, file.stat().st_mtime_ns) for file in [path, *sorted(path.parent.glob("*/*.asl.json"))])
    return copy.deepcopy(_translate(path, tuple(sorted(parameters.items())), region, definitions))


@lru_cache(maxsize=16)
def _translate(path: Path, parameters: tuple[tuple[str, str], ...], region: str, _definitions: object) -> Template:
    import boto3
    from cfn_flip import load_yaml
    from samtranslator.metrics.metrics import DummyMetricsPublisher, Metrics
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    template: Template = json.loads(json.dumps(load_yaml(path.read_text())))
    _make_local(template, path.parent)
    metrics = Metrics("embedded", DummyMetricsPublisher())
    session = boto3.Session(region_name=region)
    translator = Translator({}, Parser(), boto_session=session, metrics=metrics)
    translated: Template = translator.translate(template, parameter_values=dict(parameters))
    metrics.publish()  # it complains otherwise
    return json.loads(json.dumps(translated))  # type: ignore[no-any-return]


def _make_local(template: Template, folder: Path) -> None:
    """What `sam package` does: code and definition are put where the translator takes them."""
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = _CODE
        if resource["Type"] == "AWS::Serverless::StateMachine" and "DefinitionUri" in properties:
            properties["Definition"] = json.loads((folder / properties.pop("DefinitionUri")).read_text())


def resolve_parameters(template: Template, given: Mapping[str, str]) -> dict[str, Any]:
    """Every parameter's value, defaults filled in. Raises TemplateError for an unknown, missing or invalid one."""
    declared: Mapping[str, Any] = template.get("Parameters", {})
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise TemplateError(f"the template has no parameter {unknown[0]}; it has {', '.join(sorted(declared))}")
    return {name: _parameter(name, declaration, given) for name, declaration in declared.items()}


def _parameter(name: str, declaration: Mapping[str, Any], given: Mapping[str, str]) -> Any:
    value = given.get(name, declaration.get("Default"))
    if value is None:
        raise TemplateError(f"parameter {name} has no default; give it a value")
    texts = str(value).split(",") if declaration["Type"] == "CommaDelimitedList" else [str(value)]
    for text in texts:
        pattern = declaration.get("AllowedPattern")
        if pattern and not re.fullmatch(pattern.removeprefix("^").removesuffix("$"), text):
            raise TemplateError(f"parameter {name}: {text!r} does not match {pattern}")
        allowed = [str(choice) for choice in declaration.get("AllowedValues", [])]
        if allowed and text not in allowed:
            raise TemplateError(f"parameter {name}: {text!r} is not one of {', '.join(allowed)}")
        _check_bounds(name, declaration, text)
    if declaration["Type"] == "CommaDelimitedList":
        return texts
    return texts[0]


def _check_bounds(name: str, declaration: Mapping[str, Any], text: str) -> None:
    if not declaration.get("MinLength", 0) <= len(text) <= declaration.get("MaxLength", len(text)):
        raise TemplateError(f"parameter {name}: {text!r} has {len(text)} characters, outside MinLength and MaxLength")
    if declaration["Type"] != "Number":
        return
    try:
        number = float(text)
    except ValueError:
        raise TemplateError(f"parameter {name}: {text!r} is not a number") from None
    if not float(declaration.get("MinValue", "-inf")) <= number <= float(declaration.get("MaxValue", "inf")):
        raise TemplateError(f"parameter {name}: {text} is outside MinValue and MaxValue")


def decided(template: Template, given: Mapping[str, str]) -> Template:
    """The template with its conditions decided by parameters: what they leave out is gone, as is every Fn::If.

    The given values are its parameters' defaults; other functions stay as they are. Raises TemplateError.
    """
    values = resolve_parameters(template, given)
    resolver = Resolver(template, values, lambda name: name, lambda name, attribute: f"{name}.{attribute}")

    def decide(value: Any) -> Any:
        if isinstance(value, list):
            return [member for member in map(decide, value) if member != _LEFT_OUT]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Fn::If"}:
            condition, positive, negative = value["Fn::If"]
            return decide(positive if resolver.condition(condition) else negative)
        members = {name: decide(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member != _LEFT_OUT}

    def kept(parts: Mapping[str, Any]) -> Template:
        return {
            name: decide({key: one for key, one in part.items() if key != "Condition"})
            for name, part in parts.items()
            if resolver.condition(part.get("Condition"))
        }

    parameters = {
        name: {**one, "Default": given.get(name, one.get("Default"))} for name, one in template["Parameters"].items()
    }
    rest = {name: decide(part) for name, part in template.items() if name not in ("Conditions", "Rules")}
    outputs = {"Outputs": kept(template["Outputs"])} if "Outputs" in template else {}
    return {**rest, "Parameters": parameters, "Resources": kept(template["Resources"]), **outputs}


class Resolver:
    """Resolves intrinsic functions. `reference` and `attribute` give what other resources are."""

    def __init__(
        self,
        template: Template,
        values: Mapping[str, Any],
        reference: Callable[[str], Any],
        attribute: Callable[[str, str], Any],
        zones: Callable[[str], list[str]] | None = None,
    ) -> None:
        """`values`: parameters and pseudo parameters by name. `zones` gives a region's, as Fn::GetAZs does."""
        self._template = template
        self._values = values
        self._reference = reference
        self._attribute = attribute
        self._zones = zones or (lambda region: [f"{region}{letter}" for letter in "abc"])

    def condition(self, name: str | None) -> bool:
        """Whether a named condition holds; None holds always."""
        if name is None:
            return True
        if name not in self._template.get("Conditions", {}):
            raise TemplateError(f"the template has no condition {name}")
        return bool(self.resolve(self._template["Conditions"][name]))

    def resolve(self, value: Any) -> Any:
        """The value with every function replaced; members that are AWS::NoValue are left out."""
        if isinstance(value, list):
            members = [self.resolve(member) for member in value]
            return [member for member in members if member is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in ("Ref", "Condition") and isinstance(argument, str):
                return self._ref(argument) if name == "Ref" else self.condition(argument)
            if name.startswith("Fn::"):
                return self._function(name.removeprefix("Fn::"), argument)
        resolved = {name: self.resolve(member) for name, member in value.items()}
        return {name: member for name, member in resolved.items() if member is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        return self._values[name] if name in self._values else self._reference(name)

    def _function(self, name: str, argument: Any) -> Any:
        if name == "If":
            condition, positive, negative = argument
            return self.resolve(positive if self.condition(condition) else negative)
        if name == "Sub":
            return self._sub(argument)
        if name == "GetAtt":
            parts = argument.split(".", 1) if isinstance(argument, str) else argument
            return self._attribute(parts[0], self.resolve(parts[1]))
        argument = self.resolve(argument)
        plain: dict[str, Callable[[Any], Any]] = {
            "Join": lambda a: a[0].join(map(str, a[1])),
            "Split": lambda a: str(a[1]).split(a[0]),
            "Select": lambda a: _select(int(a[0]), a[1]),
            "Equals": lambda a: str(a[0]) == str(a[1]),
            "Not": lambda a: not a[0],
            "And": all,
            "Or": any,
            "FindInMap": lambda a: self._template["Mappings"][a[0]][a[1]][a[2]],
            "Base64": lambda a: __import__("base64").b64encode(a.encode()).decode(),
            "GetAZs": lambda a: self._zones(a or self._values["AWS::Region"]),
            "Cidr": lambda a: _cidr(str(a[0]), int(a[1]), int(a[2])),
            "EachMemberEquals": lambda a: all(member == a[1] for member in a[0]),  # in Rules
            "ToJsonString": json.dumps,
        }
        if name not in plain:
            raise TemplateError(f"the embedded AWS does not know the function Fn::{name}")
        return plain[name](argument)

    def _sub(self, argument: Any) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in given:
                return str(self.resolve(given[name]))
            if "." in name and name not in self._values:
                return str(self._attribute(*name.split(".", 1)))
            return str(self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)


def _select(index: int, values: Sequence[Any]) -> Any:
    if index >= len(values):
        raise TemplateError(f"Fn::Select cannot select nonexistent value at index {index}")
    return values[index]


def _cidr(block: str, count: int, bits: int) -> list[str]:
    """The first `count` (1 to 256) parts of a block, with so many bits for hosts (template reference, Fn::Cidr).

    That a block with fewer parts is refused, before anything is made, is inferred.
    """
    network = IPv4Network(block)
    if 32 - bits < network.prefixlen or 2 ** (32 - bits - network.prefixlen) < count or not 1 <= count <= 256:
        raise TemplateError(f"Fn::Cidr cannot divide {block} into {count} blocks of {bits} bits")
    return [str(part) for part in islice(network.subnets(new_prefix=32 - bits), count)]


_NO_VALUE = object()
_LEFT_OUT = {"Ref": "AWS::NoValue"}
