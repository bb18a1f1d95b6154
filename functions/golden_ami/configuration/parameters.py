"""The SSM parameters that a stack reads: which names its role allows, and the AMI ids that `resolve:ssm:` names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from golden_ami.aws.errors import code_of
from golden_ami.models import Reason
from golden_ami.parallel import chunks
from golden_ami.places import Place, home, named
from golden_ami.reasons import loading
from golden_ami.settings import Settings

RESOLVE = "resolve:ssm:"
PUBLIC = "/aws/service/"  # AWS's own parameters
_PER_CALL = 10  # names that GetParameters takes
_WELL_FORMED = re.compile(r"(/[A-Za-z0-9_.-]+)+|[A-Za-z0-9_.-]+")  # Systems Manager API, PutParameter: Name
_AMI_ID = re.compile(r"ami-[0-9a-f]{8,17}")
# Codes that concern one name, though they fail the whole call: a name outside the role's policy, or with a key that the
# role may not use; a malformed name, which is refused as AccessDenied on resource "*" or as invalid.
_OF_ONE_NAME = frozenset({"AccessDenied", "AccessDeniedException", "InvalidKeyId", "ValidationException"})

Parameter = Mapping[str, Any]


class Answers(NamedTuple):
    """What GetParameters answered: parameters by the name that was asked for, and the error for each other name."""

    found: dict[str, Parameter]
    refused: dict[str, ClientError]


def may_configure(name: str, settings: Settings) -> bool:
    """Whether the template lets the functions read a configuration from this parameter (ReadConfiguration)."""
    own = settings.parameter_name.removeprefix("/")
    plain = name.removeprefix("/")
    return bool(own) and (plain.startswith(own) or plain == sample(settings).removeprefix("/"))


def sample(settings: Settings) -> str:
    """The name of the stack's sample (template.yaml, SampleConfiguration)."""
    return f"/golden-ami/{settings.stack}/ContinuousAssessmentInput"


def may_resolve(name: str, settings: Settings) -> bool:
    """Whether the template lets load-config read an AMI id from this parameter (ResolveAmis)."""
    path = settings.ami_parameter_path
    return name.startswith(PUBLIC) or (bool(path) and f"/{name.removeprefix('/')}".startswith(path))


def name_of(reference: str) -> str:
    """The parameter's name in `resolve:ssm:NAME[:version or label]` or in `NAME[:version or label]`."""
    return reference.removeprefix(RESOLVE).partition(":")[0]


def read(ssm: Any, names: Sequence[str]) -> Answers:
    """The parameters of these names, in as few calls as GetParameters takes. Raises botocore's ClientError.

    One name that the role may not read, or that is malformed, fails the whole call, so a call that is refused is made
    again for each half of its names.
    """
    answers = Answers({}, {})
    for some in chunks(names, _PER_CALL):
        _read(ssm, list(some), answers)
    return answers


def _read(ssm: Any, names: Sequence[str], answers: Answers) -> None:
    try:
        held = ssm.get_parameters(Names=names, WithDecryption=True)["Parameters"]
    except ClientError as error:
        if code_of(error) not in _OF_ONE_NAME or error.operation_name != "GetParameters":
            raise
        if len(names) == 1:
            answers.refused[names[0]] = error
            return
        middle = len(names) // 2
        _read(ssm, names[:middle], answers)
        _read(ssm, names[middle:], answers)
        return
    for parameter in held:
        name, selector = parameter["Name"], parameter.get("Selector", "").lstrip(":")
        for spelling in (f"{name}:{selector}" if selector else name, f"{name}:{parameter['Version']}"):
            answers.found[spelling] = parameter


def ami_id_of(name: str, answers: Answers, place: Place, settings: Settings, names: Iterable[str]) -> str | Reason:
    """The AMI id that a parameter holds, or why there is none. `names` are all that the configuration resolves here."""
    if name in answers.refused:
        error = answers.refused[name]
        if code_of(error) == "ValidationException" or not _WELL_FORMED.fullmatch(name_of(name)):
            return loading.PARAMETER_NAME_INVALID(name=name, said=_said(error))
        return denied(name, place, settings, names, _said(error))
    if name not in answers.found:
        return loading.PARAMETER_NOT_FOUND(name=name, place=named(place))
    value = str(answers.found[name]["Value"]).strip()
    if not _AMI_ID.fullmatch(value):
        return loading.PARAMETER_INVALID(name=name, place=named(place), type=answers.found[name]["Type"])
    return value


def denied(name: str, place: Place, settings: Settings, names: Iterable[str], said: str = "") -> Reason:
    """Why the AMI of a parameter that the stack may not read is not assessed, with what to deploy."""
    plain, where = name_of(name), named(place)
    at_home = place.account == home(settings).account
    if at_home and may_resolve(plain, settings):
        return loading.PARAMETER_DENIED_ELSEWHERE(name=name, place=where, said=said)
    others = {plain, *(name_of(other) for other in names)}
    path = _path([other for other in others if not other.startswith(PUBLIC)]) or _path([plain])
    if not path:
        below, leaf = settings.ami_parameter_path or "/golden-amis/", plain.rpartition("/")[2]
        return loading.PARAMETER_DENIED_WITHOUT_PATH(name=name, place=where, said=said, path=below, leaf=leaf)
    template = "the stack" if at_home else f"docs/member-role.yaml in account {place.account}"
    return loading.PARAMETER_DENIED(name=name, place=where, said=said, template=template, path=path)


def _path(names: Iterable[str]) -> str:
    """The deepest path that all names are below, as AmiParameterPath takes it; "" where it would be all names."""
    levels = [name.strip("/").split("/")[:-1] for name in names]
    common: list[str] = []
    for level in zip(*levels, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    return "".join(f"/{level}" for level in common) + "/" if common else ""


def _said(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", "") or code_of(error))
