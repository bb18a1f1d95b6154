"""The configuration: both forms, every problem at once, nothing secret shown."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from golden_ami.configuration import config
from golden_ami.errors import InvalidConfiguration, Problem
from golden_ami.models import AmiEntry, Config, Policy, Threshold, Waits

AMI = "ami-0a1b2c3d4e5f60001"
SAMPLES = Path(__file__).parents[2] / "samples"


def problems(document: object) -> dict[str, Problem]:
    """The problems of a document, by path."""
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(InvalidConfiguration) as caught:
        config.parse(text, "the parameter")
    return {problem.path: problem for problem in caught.value.problems}


def with_ami(**members: Any) -> dict[str, Any]:
    return {"amis": [{"amiId": AMI}], **members}


def test_the_schema_is_a_schema_and_explains_every_property() -> None:
    schema = config.schema()
    Draft202012Validator.check_schema(schema)
    for name, part in schema["$defs"].items():
        for member, described in part.get("properties", {}).items():
            referred = schema["$defs"][described["$ref"].rpartition("/")[2]] if "$ref" in described else {}
            assert "title" in described | referred or member == "$schema", f"{name}.{member}"


def test_the_defaults_of_the_schema_are_those_of_the_model() -> None:
    definitions = config.schema()["$defs"]
    for part, model in (
        ("waits", Waits()),
        ("policy", Policy()),
        ("threshold", Threshold()),
        ("configuration", Config()),
    ):
        for name, described in definitions[part]["properties"].items():
            if "default" in described and not isinstance(described["default"], dict):
                snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
                wanted = None if name == "knownExploited" else described["default"]  # None: true where it can be known
                assert getattr(model, snake) == wanted, f"{part}.{name}"


@pytest.mark.parametrize("name", ["ami-id", "Ami-Id", "amiId", "AmiId", "AMI_ID", "ami id"])
def test_every_spelling_of_2017_is_one(name: str) -> None:
    script = re.sub("(?i)id", "Data", re.sub("(?i)ami", "User", name))
    text = json.dumps([{name: AMI, "InstanceType": "t3.small", script: "#!/bin/sh\n"}])
    assert config.parse(text, "p") == Config(
        amis=[AmiEntry(ami_id=AMI, instance_type="t3.small", user_data="#!/bin/sh\n")]
    )
    assert Draft202012Validator(config.schema()).is_valid(json.loads(text)), "the published schema takes it as well"


@pytest.mark.parametrize("file", ["configuration.json", "configuration-2017.json"])
def test_the_samples_are_valid_and_name_the_same_amis(file: str) -> None:
    text = (SAMPLES / file).read_text()
    assert Draft202012Validator(config.schema()).is_valid(json.loads(text))
    parsed = config.parse(text, file)
    assert [entry.ami_id for entry in parsed.amis] == [f"ami-0a1b2c3d4e5f6000{number}" for number in range(1, 6)]
    assert [entry.instance_type for entry in parsed.amis] == ["t3.small"] * 3 + ["t4g.small", "t3.small"]


def test_three_errors_are_three_problems() -> None:
    found = problems([{"ami-id": "ami-nope"}, {"Ami-Id": AMI, "InstanceType": "big"}, {"instanceType": "t3.small"}])
    assert found == {
        "[0].ami-id": Problem("[0].ami-id", '"ami-nope"', 'write it like "ami-0a1b2c3d4e5f60001"'),
        "[1].InstanceType": Problem("[1].InstanceType", '"big"', 'write it like "t3.small"'),
        "[2].amiId": Problem("[2].amiId", "missing", 'add it, for example "ami-0a1b2c3d4e5f60001"'),
    }


def test_problems_have_the_order_of_the_document() -> None:
    assert list(problems([{"ami-id": "ami-nope"}] * 11)) == [f"[{index}].ami-id" for index in range(11)]


def test_every_unknown_member_is_named() -> None:
    assert problems(with_ami(colour="red", shape="round")).keys() == {"colour", "shape"}


def test_marks_that_do_not_show_are_escaped() -> None:
    assert problems(with_ami(engine="ami\u202e"))["engine"].value == r'"ami\u202e"'


@pytest.mark.parametrize(
    ("document", "path", "remedy"),
    [
        (with_ami(engin="ami"), "engin", 'did you mean "engine"?'),
        (with_ami(engine="instanse"), "engine", 'did you mean "instance"?'),
        ({"amis": [{"ami-id": AMI}]}, "amis[0].ami-id", 'did you mean "amiId"?'),
        ({"amis": []}, "amis", "at least one"),
        ([], "$", "at least one"),
        ("null", "$", '"amis"'),
        (json.dumps(json.dumps([{"amiId": "ami-0a1b2c3d4e5f60001"}])), "$", "without the quotes"),
        ({"amis": json.dumps([{"amiId": "ami-0a1b2c3d4e5f60001"}])}, "amis", "without the quotes"),
        ({"amis": [{"amiId": "ami-0a1b2c3d4e5f60001"}], "policy": "{}"}, "policy", "without the quotes"),
        ('"ami-0a1b2c3d4e5f60001"', "$", '"amis"'),
        ("", "$", '"amis"'),
        (with_ami(version=2), "version", "write 1"),
        (
            with_ami(policy={"failOn": {"severities": [], "knownExploited": False}}),
            "policy.failOn.severities",
            "no finding can fail an AMI",
        ),
        (
            with_ami(policy={"failOn": {"severities": [], "knownExploited": False, "discontinuedOs": True}}),
            "policy.failOn.severities",
            "no finding but one of a discontinued operating system can fail an AMI",
        ),
        (with_ami(policy={"reportOnly": True, "failOn": {"epss": 0.5}}), "policy.failOn.epss", "reportOnly"),
        (with_ami(policy={"require": ["findings", "cis"]}), "policy.require[1]", "add cis"),
        ({"amis": [{"amiId": AMI, "policy": {"require": ["cis"]}}]}, "amis[0].policy.require[0]", "add cis"),
        (with_ami(policy={"require": []}), "policy.require", "at least one"),
        (
            {"amis": [{"amiId": AMI, "policy": {"failOn": {"severities": [], "knownExploited": False}}}]},
            "amis[0].policy.failOn.severities",
            "no finding can fail an AMI",
        ),
        (with_ami(waits={"bootSeconds": "240"}), "waits.bootSeconds", "a whole number"),
        (with_ami(waits={"bootSeconds": -1}), "waits.bootSeconds", "at least 0"),
        (
            with_ami(waits={"pollSeconds": 600, "completionDeadlineSeconds": 600}),
            "waits.completionDeadlineSeconds",
            "600",
        ),
        (
            with_ami(engine="classic", waits={"completionDeadlineSeconds": 3600}),
            "waits.completionDeadlineSeconds",
            "3600",
        ),
        (
            {"amis": [{"amiId": AMI, "engine": "classic"}], "waits": {"completionDeadlineSeconds": 3600}},
            "waits.completionDeadlineSeconds",
            "more than assessmentSeconds, 3600",
        ),
        (
            with_ami(waits={"assessmentSeconds": 7200, "completionDeadlineSeconds": 7200}),
            "waits.completionDeadlineSeconds",
            "more than assessmentSeconds, 7200",
        ),
        (
            with_ami(waits={"languagePackagesSeconds": 901, "completionDeadlineSeconds": 900}),
            "waits.languagePackagesSeconds",
            "at most completionDeadlineSeconds, 900",
        ),
        (with_ami(engine="ami", cis="LEVEL_1", policy={"require": ["cis"]}), "policy.require[0]", "engine instance"),
        (
            {
                "amis": [{"amiId": AMI}, {"amiId": AMI, "engine": "ami", "policy": {"require": ["cis"]}}],
                "cis": "LEVEL_1",
            },
            "amis[1].policy.require[0]",
            "engine instance",
        ),
        (with_ami(waits={"agentDeadlineSeconds": 10}), "waits.agentPollSeconds", "agentDeadlineSeconds"),
        (
            with_ami(waits={"agentDeadlineSeconds": 21600, "completionDeadlineSeconds": 60000}),
            "waits.completionDeadlineSeconds",
            "now 81,840, within 66,484",
        ),
        (
            with_ami(waits={"pollSeconds": 1, "completionDeadlineSeconds": 64800}),
            "waits.pollSeconds",
            "at least ",
        ),
        (with_ami(placement={"mars": {}}), "placement", "us-east-1"),
        (with_ami(routes={"team": "arn:aws:sqs:us-east-1:123456789012:q"}), "routes.team", "arn:aws:sns"),
        ({"amis": [{"amiId": AMI, "account": "1234"}]}, "amis[0].account", "123456789012"),
        ({"amis": [{"amiId": "resolve:ssm:"}]}, "amis[0].amiId", "ami-"),
        (with_ami(document="s3://b/config/x"), "document", "cannot point on"),
        (with_ami(exceptions=[{"vulnerability": "CVE-2024-1"}]), "exceptions[0].scope", "add it"),
        (f'{{"amis": [{{"amiId": "{AMI}", "amiId": "{AMI}"}}]}}', "amis[0].amiId", "keep one"),
        ('{"amis": [],\n "policy": {}, "p\\u006flicy": {}}', "policy", "keep one"),
        ([{"ami-id": AMI, "amiId": AMI}], "[0].amiId", "keep one"),
        ('{"amis": [{"amiId": NaN}]}', "$", "NaN"),
        ('{"amis": [{"amiId": "\\ud800"}]}', "amis[0].amiId", "characters as they are"),
        ("[" * 100_000, "$", "nesting"),
    ],
)
def test_a_problem_names_path_and_remedy(document: object, path: str, remedy: str) -> None:
    assert remedy in problems(document)[path].remedy


def test_a_day_that_does_not_exist() -> None:
    exception = {
        "vulnerability": "CVE-1",
        "scope": {"package": "x"},
        "reason": "r",
        "owner": "o",
        "expires": "2027-02-29",
    }
    assert "calendar" in problems(with_ami(exceptions=[exception]))["exceptions[0].expires"].remedy


def test_invalid_json_is_located() -> None:
    assert "line 2, column 14" in problems('\ufeff[\n  {"ami-id": },\n]')["$"].value
    assert "line 3, column 5" in problems('[\n  {"a": 1},\n    x]')["$"].value


def test_a_byte_order_mark_is_no_problem() -> None:
    assert config.parse(f'\ufeff[{{"ami-id": "{AMI}"}}]', "p").amis[0].ami_id == AMI


@pytest.mark.parametrize("form", ["array", "object"])
def test_user_data_never_shows(form: str) -> None:
    secret = "hunter2" * 3000

    def said(*entries: Any) -> str:
        document = list(entries) if form == "array" else {"amis": list(entries)}
        return "\n".join(f"{problem}" for problem in problems(document).values())

    assert "21,000 bytes" in said({"amiId": AMI, "userData": secret})
    base = {"amiId": AMI}
    for wrong in ([secret], {"a": secret}, 31337, None):
        assert "hunter2" not in said(base | {"userData": wrong})
        assert "31337" not in said(base | {"userData": wrong})
    assert "hunter2" not in said(base | {"usrData": secret})
    assert "hunter2" not in said(secret)
    assert "hunter2" not in "\n".join(map(str, problems('[{"userData": "hunter2" "}]').values()))


def test_user_data_that_is_encoded_already_is_refused() -> None:
    encoded = base64.b64encode(b"#!/bin/bash\necho hello\n").decode()
    assert "plain text" in problems([{"amiId": AMI, "userData": encoded}])["[0].userData"].remedy
    assert config.parse(json.dumps([{"amiId": AMI, "userData": "abcd"}]), "p").amis[0].user_data == "abcd"


def test_user_data_is_measured_in_bytes() -> None:
    config.parse(json.dumps([{"amiId": AMI, "userData": "x" * 16_384}]), "p")
    assert "16,386 bytes" in problems([{"amiId": AMI, "UserData": "é" * 8_193}])["[0].UserData"].value


@pytest.mark.parametrize("agents", [0, 1, 5])
def test_short_waits_are_fine_without_classic(agents: int) -> None:
    waits = {"bootSeconds": 0, "agentPollSeconds": 1, "agentDeadlineSeconds": agents, "pollSeconds": 1}
    parsed = config.parse(json.dumps(with_ami(waits=waits | {"completionDeadlineSeconds": 10})), "p")
    assert parsed.waits.completion_deadline_seconds == 10


@pytest.mark.parametrize(
    ("more", "step"), [("bootSeconds", 1), ("agentDeadlineSeconds", 60), ("completionDeadlineSeconds", 1)]
)
def test_the_waits_of_a_run_fit_into_the_time_of_an_execution(more: str, step: int) -> None:
    longest = {"bootSeconds": 3_000, "agentPollSeconds": 60, "agentDeadlineSeconds": 18_000}
    longest |= {"completionDeadlineSeconds": 66_484 - 21_000}
    config.parse(json.dumps(with_ami(waits=longest)), "p")
    found = problems(with_ami(waits=longest | {more: longest[more] + step}))
    assert f"now {66_484 + step:,}, within 66,484" in found["waits.completionDeadlineSeconds"].remedy


def test_more_amis_leave_less_time_for_waits() -> None:
    entries = [{"amiId": f"ami-{number:08x}"} for number in range(40)]
    long = {"waits": {"completionDeadlineSeconds": 60_000, "pollSeconds": 600}}
    config.parse(json.dumps({"amis": entries[:1], **long}), "p")
    assert "of 40 AMIs" in problems({"amis": entries, **long})["waits.completionDeadlineSeconds"].remedy


@pytest.mark.parametrize(
    ("often", "name"),
    [({"pollSeconds": 1}, "pollSeconds"), ({"agentPollSeconds": 1, "agentDeadlineSeconds": 1_800}, "agentPollSeconds")],
)
def test_looks_that_would_fill_the_history_are_refused_with_the_interval_that_fits(
    often: dict[str, int], name: str
) -> None:
    [(path, found)] = problems(with_ami(waits=often)).items()
    assert (path, found.value) == (f"waits.{name}", "1")
    least = int(found.remedy.removeprefix("give at least ").partition(":")[0])
    config.parse(json.dumps(with_ami(waits=often | {name: least})), "p")
    assert f"waits.{name}" in problems(with_ami(waits=often | {name: least - 1}))


def test_where_both_intervals_are_too_short_both_are_named() -> None:
    often = {"pollSeconds": 1, "agentPollSeconds": 1, "agentDeadlineSeconds": 21_600}
    assert [*problems(with_ami(waits=often))] == ["waits.pollSeconds", "waits.agentPollSeconds"]


def test_a_pointer_is_followed_only_by_who_asks() -> None:
    text = '{"version": 1, "document": "s3://my-bucket/config/amis.json"}'
    assert config.pointer(text, "p") == "s3://my-bucket/config/amis.json"
    assert "cannot point on" in problems(text)["document"].remedy
    assert config.pointer(json.dumps(with_ami()), "p") is None
    assert config.pointer(json.dumps([{"ami-id": AMI}]), "p") is None
    with pytest.raises(InvalidConfiguration, match=r"config/golden-amis\.json"):
        config.pointer('{"document": "s3://my-bucket/elsewhere.json"}', "p")


def test_duplicates_fold_into_the_first_and_say_so() -> None:
    first, other = AmiEntry(ami_id=AMI, instance_type="t3.small"), AmiEntry(ami_id=AMI, instance_type="t3.large")
    elsewhere = AmiEntry(ami_id=AMI, region="eu-west-1")
    same = AmiEntry(ami_id=AMI, region="us-east-1", instance_type="t3.small")
    folded = config.fold_duplicates([first, other, elsewhere, same, first], region="us-east-1")
    assert [item.entry for item in folded] == [first, elsewhere]
    assert folded[0].notes == [
        "configured more than once, assessed once; the first entry's instanceType was used",
        "configured more than once, assessed once; the first entry's region was used",
    ]


def test_the_stacks_own_account_is_the_same_named_or_not() -> None:
    plain, own, other = (AmiEntry(ami_id=AMI, account=account) for account in (None, "123456789012", "222222222222"))
    folded = config.fold_duplicates([plain, own, other, own], account="123456789012")
    assert [item.entry for item in folded] == [plain, other]
    assert folded[0].notes == ["configured more than once, assessed once; the first entry's account was used"]


def test_an_entry_that_is_repeated_unchanged_is_noted() -> None:
    (folded,) = config.fold_duplicates([AmiEntry(ami_id=AMI), AmiEntry(ami_id=AMI)])
    assert folded.notes == ["configured more than once, assessed once"]


def test_of_two_spellings_the_first_is_judged() -> None:
    found = problems([{"ami-id": "ami-nope", "amiId": AMI}])
    assert found["[0].ami-id"].value == '"ami-nope"'
    assert found["[0].amiId"].value == "a second spelling of amiId"


names = st.text(min_size=1, max_size=20)
entries = st.builds(
    AmiEntry,
    ami_id=st.from_regex(r"ami-[0-9a-f]{8,17}", fullmatch=True),
    instance_type=st.sampled_from(["", "t3.small", "u-6tb1.metal"]).filter(bool),
    user_data=st.text(st.characters(codec="utf-8"), max_size=200),
    engine=st.sampled_from([None, "instance", "ami", "auto"]),
    region=st.sampled_from([None, "eu-west-1", "us-gov-west-1"]),
)


@given(st.lists(entries, min_size=1, max_size=5), st.integers(0, 3600), st.floats(0, 1) | st.none())
def test_text_reads_back(amis: list[AmiEntry], boot: int, epss: float | None) -> None:
    policy = Policy(fail_on=Threshold(severities=["LOW"], epss=epss), grace_days=3)
    original = Config(amis=amis, waits=Waits(boot_seconds=boot), policy=policy)
    assert config.parse(config.to_text(original), "p") == original


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.just(AMI)
known = st.sampled_from([
    "amis", "amiId", "ami-id", "userData", "UserData", "instanceType", "waits", "bootSeconds", "policy", "failOn",
    "epss", "severities", "exceptions", "scope", "expires", "placement", "us-east-1", "routes", "document", "act",
])  # fmt: skip
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(known | names, inner, max_size=5),
    max_leaves=15,
)


@given(documents)
@example({"amis": [{"amiId": AMI}], "policy": {"failOn": {"epss": True}}})
@example({"amis": [{"amiId": AMI}], "waits": {"bootSeconds": 240.0}})
@example({"amis": [{"amiId": AMI}], "waits": {"bootSeconds": 10**400}})
@example({"amis": {"amiId": AMI}, "exceptions": {"expires": 1}, "waits": []})
def test_whatever_is_written_is_read_or_refused_by_name(document: object) -> None:
    for text in (json.dumps(document), json.dumps(document)[:-1]):
        try:
            config.parse(text, "p")
            config.pointer(text, "p")
        except InvalidConfiguration as refused:
            str(refused).encode()


def test_a_wait_of_the_whole_deadline_is_no_problem() -> None:
    waits = {"languagePackagesSeconds": 900, "completionDeadlineSeconds": 900}
    assert config.parse(json.dumps(with_ami(waits=waits)), "p").waits.language_packages_seconds == 900


# Of other waits, what the greatest value of one needs.
NEEDED = {
    "agentPollSeconds": {"agentDeadlineSeconds": 21_600},
    "agentDeadlineSeconds": {"agentPollSeconds": 60},
    "assessmentSeconds": {"completionDeadlineSeconds": 64_800},
    "pollSeconds": {"completionDeadlineSeconds": 64_800},
    "languagePackagesSeconds": {"completionDeadlineSeconds": 64_800},
}
WAITS = config.schema()["$defs"]["waits"]["properties"]
NEEDED_BY_LEAST = {
    "agentPollSeconds": {"agentDeadlineSeconds": 60},
    "agentDeadlineSeconds": {"agentPollSeconds": 1},
    "completionDeadlineSeconds": {"pollSeconds": 1},
    "pollSeconds": {"completionDeadlineSeconds": 900},
}


@pytest.mark.parametrize("name", WAITS)
def test_every_bound_of_a_wait_is_accepted(name: str) -> None:
    """A page that names a bound which nothing accepts misleads."""
    greatest = {name: WAITS[name]["maximum"], **NEEDED.get(name, {})}
    least = {name: WAITS[name]["minimum"], **NEEDED_BY_LEAST.get(name, {})}
    for waits in (greatest, least):
        config.parse(json.dumps(with_ami(waits=waits)), "p")


def test_the_remedy_of_an_interval_is_accepted() -> None:
    document = with_ami(waits={"agentDeadlineSeconds": 0})
    with pytest.raises(InvalidConfiguration, match=r"give at most 1, as agentDeadlineSeconds is 0"):
        config.parse(json.dumps(document), "p")
    document["waits"]["agentPollSeconds"] = 1
    config.parse(json.dumps(document), "p")
