"""The files that say which images the embedded account holds and what Inspector finds on them.

Images: a list of `{"imageId", "name", "tags", "architecture", "state", "owner", "platform", "platformName",
"platformVersion"}`; the first two are needed. The last two name the operating system as ssm DescribeInstanceInformation
does; without them it is Amazon Linux 2023, and an empty name is a system that the agent does not tell.
Or `{"images": [...], "parameters": {"/golden-amis/web": "ami-..."}}`, with the SSM parameters that hold AMI ids.
Findings: `{"findings": [...]}` for every image, in the shape of `aws inspector2 list-findings`, or
`{"amis": {"ami-...": {"findings": [...]}, "*": ...}}` for each its own. Any member of a finding may be missing; beside
it `details` may stand, as `bodies` describes. Its `status` counts; what is on resources of other kinds alone, as
container images and functions, is left out.

A member that is null is as one that is missing, and a byte order mark is read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

from golden_ami.configuration.json_text import decode
from golden_ami.errors import InvalidConfiguration, Problem
from golden_ami_emulator.world import Image

_PARAMETER = re.compile(r"((/[A-Za-z0-9_.-]+)+|[A-Za-z0-9_.-]+)(:[A-Za-z0-9_.-]+)?")  # with a version or label
_MEMBERS = ("imageId", "name", "tags", "architecture", "state", "owner", "platform", "platformName", "platformVersion")
_FIELDS = {"platformName": "platform_name", "platformVersion": "platform_version"}  # of world.Image
_TYPES = ("PACKAGE_VULNERABILITY", "NETWORK_REACHABILITY", "CODE_VULNERABILITY")
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")
_STATUSES = ("ACTIVE", "SUPPRESSED", "CLOSED")
_OURS = frozenset({"AWS_EC2_INSTANCE", "MACHINE_IMAGE"})  # resources whose findings an AMI or its instance can have
_CHOICES = {name: get_args(get_type_hints(Image)[name]) for name in ("architecture", "state")}


class Holdings(NamedTuple):
    """What an account holds: images, and the AMI ids in its SSM parameters by name."""

    images: list[Image]
    parameters: dict[str, str]


class Found(NamedTuple):
    """What Inspector finds, by image, "*" for every other one; and how many findings were left out, by resource type.

    Those are on resources of other types alone.
    """

    findings: dict[str, list[dict[str, Any]]]
    left_out: Counter[str]


def load_images(path: Path | str) -> Holdings:
    """The images and parameters of a file. Raises InvalidConfiguration with every problem found."""
    problems: list[Problem] = []
    content = _read(path, '[{"imageId": "ami-…"}]')
    images, where = (content.get("images", []), "$.images") if isinstance(content, dict) else (content, "$")
    parameters = content.get("parameters", {}) if isinstance(content, dict) else {}
    if isinstance(content, dict):
        problems = [
            Problem(f"$.{name}", _shown(content[name]), "use images and parameters only")
            for name in content.keys() - {"images", "parameters"}
        ]
    if not isinstance(images, list):
        remedy = 'write a JSON list of images, or {"images": [...], "parameters": {"/golden-amis/web": "ami-..."}}'
        raise InvalidConfiguration(str(path), [Problem(where, _shown(images), remedy)])
    for number, entry in enumerate(images):
        problems += _image_problems(f"{where}[{number}]", entry)
    ids = [entry.get("imageId") for entry in images if isinstance(entry, dict)]
    problems += [
        Problem(f"{where}[{number}].imageId", _shown(image_id), "list each image once")
        for number, image_id in enumerate(ids)
        if image_id in ids[:number]
    ]
    problems += _parameter_problems(parameters)
    if problems:
        raise InvalidConfiguration(str(path), problems)
    return Holdings([_image(entry) for entry in images], dict(parameters))


def _parameter_problems(parameters: Any) -> list[Problem]:
    if not isinstance(parameters, dict):
        return [Problem("$.parameters", _shown(parameters), 'write {"/golden-amis/web": "ami-..."}')]
    problems = []
    for name, value in parameters.items():
        if not _PARAMETER.fullmatch(name):
            problems.append(
                Problem(f"$.parameters.{name}", "not a parameter's name", "use letters, digits, . - _ and /")
            )
        if not isinstance(value, str) or not value:
            problems.append(Problem(f"$.parameters.{name}", _shown(value), "write an AMI id as text"))
    return problems


def load_findings(path: Path | str) -> Found:
    """The findings of a file. Raises InvalidConfiguration with every problem found."""
    content = _read(path, '{"amis": {"ami-…": {"findings": []}}}')
    remedy = 'write {"findings": [...]} for every AMI, or {"amis": {"ami-...": {"findings": [...]}}}'
    if not isinstance(content, dict) or not content.keys() & {"findings", "amis"}:
        raise InvalidConfiguration(str(path), [Problem("$", _shown(content), remedy)])
    groups: dict[str, tuple[str, Any]] = {}
    problems: list[Problem] = []
    if "findings" in content:
        groups["*"] = ("$.findings", content["findings"])
    amis = content.get("amis", {})
    if not isinstance(amis, dict):
        problems.append(Problem("$.amis", _shown(amis), remedy))
        amis = {}
    for image_id, group in amis.items():
        where = f"$.amis.{image_id}"
        if isinstance(group, dict) and "findings" in group:
            groups[image_id] = (f"{where}.findings", group["findings"])
        else:
            problems.append(Problem(where, _shown(group), 'write {"findings": [...]}'))
    for where, findings in groups.values():
        problems += _findings_problems(where, findings)
    if problems:
        raise InvalidConfiguration(str(path), problems)
    left_out: Counter[str] = Counter()
    for _, findings in groups.values():
        left_out.update(other for finding in findings if (other := _other_resource(finding)))
    kept = {name: [one for one in found if not _other_resource(one)] for name, (_, found) in groups.items()}
    return Found(kept, left_out)


def _other_resource(finding: Mapping[str, Any]) -> str:
    """The type of the first resource of a finding that is on none of ours; "" for one that is, or that names none."""
    resources = finding.get("resources")
    each = resources if isinstance(resources, list) else []
    types = [str(one["type"]) for one in each if isinstance(one, dict) and "type" in one]
    return types[0] if types and not _OURS & set(types) else ""


def _read(path: Path | str, least: str) -> Any:
    try:
        return _without_nulls(decode(Path(path).read_text(encoding="utf-8"), str(path), least))
    except OSError as error:
        text = error.strerror or str(error)
        raise InvalidConfiguration(str(path), [Problem("file", text, "name a file that can be read")]) from error
    except ValueError as error:
        raise InvalidConfiguration(str(path), [Problem("file", str(error), "write valid JSON in UTF-8")]) from error


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in value.items() if member is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _image_problems(where: str, entry: Any) -> list[Problem]:
    if not isinstance(entry, dict):
        return [Problem(where, _shown(entry), 'write {"imageId": "ami-...", "name": "..."}')]
    problems = []
    for name in ("imageId", "name"):
        if not isinstance(entry.get(name), str) or not entry[name]:
            problems.append(Problem(f"{where}.{name}", _shown(entry.get(name)), "write a text that is not empty"))
    if isinstance(entry.get("imageId"), str) and not entry["imageId"].startswith("ami-"):
        problems.append(Problem(f"{where}.imageId", _shown(entry["imageId"]), 'begin it with "ami-"'))
    for name, allowed in _CHOICES.items():
        if name in entry and entry[name] not in allowed:
            problems.append(Problem(f"{where}.{name}", _shown(entry[name]), f"use one of {', '.join(allowed)}"))
    tags = entry.get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        problems.append(Problem(f"{where}.tags", _shown(tags), "write an object of texts"))
    for name in ("owner", "platform"):
        if name in entry and not isinstance(entry[name], str):
            problems.append(Problem(f"{where}.{name}", _shown(entry[name]), "write a text"))
    problems += _system_problems(where, entry)
    unknown = [name for name in entry if name not in _MEMBERS]
    return problems + [Problem(f"{where}.{name}", _shown(entry[name]), "remove this member") for name in unknown]


def _system_problems(where: str, entry: Mapping[str, Any]) -> list[Problem]:
    """A system has a name and a version, both as text; a name that is empty needs no version."""
    name, version = entry.get("platformName"), entry.get("platformVersion")
    given = {"platformName": name, "platformVersion": version}
    problems = [
        Problem(f"{where}.{member}", _shown(value), "write a text, as ssm describe-instance-information reports it")
        for member, value in given.items()
        if value is not None and not isinstance(value, str)
    ]
    if version is not None and not name and not problems:
        remedy = "write platformName beside it, or remove it"
        problems.append(Problem(f"{where}.platformVersion", _shown(version), remedy))
    if name and not version and not problems:
        remedy = 'write the version of it, as "22.04" or "2023"'
        problems.append(Problem(f"{where}.platformVersion", _shown(version), remedy))
    return problems


def _image(entry: Mapping[str, Any]) -> Image:
    given = {_FIELDS.get(name, name): entry[name] for name in _MEMBERS[2:] if name in entry}
    return Image(entry["imageId"], entry["name"], **given)


def _findings_problems(where: str, findings: Any) -> list[Problem]:
    if not isinstance(findings, list):
        return [Problem(where, _shown(findings), "write a list of findings")]
    problems = []
    for number, finding in enumerate(findings):
        place = f"{where}[{number}]"
        if not isinstance(finding, dict):
            problems.append(Problem(place, _shown(finding), "write an object as list-findings answers it"))
            continue
        for name, allowed in (("severity", _SEVERITIES), ("type", _TYPES), ("status", _STATUSES)):
            if name in finding and finding[name] not in allowed:
                problems.append(Problem(f"{place}.{name}", _shown(finding[name]), f"use one of {', '.join(allowed)}"))
    return problems
