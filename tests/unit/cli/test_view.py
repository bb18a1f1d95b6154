"""What `config show` says of the policy."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from report_world import ami, exception
from rich.console import Console

from golden_ami.models import AmiEntry, Config, Policy, Threshold
from golden_ami_cli.configuration import view


def shown(config: Config, *amis: Any) -> str:
    file = io.StringIO()
    Console(file=file, width=220, highlight=False).print(view.policy_table(config, list(amis)))
    return file.getvalue()


@pytest.mark.parametrize(
    ("policy", "engine", "words"),
    [
        (Policy(), "instance", "CRITICAL, HIGH; known exploited"),
        (Policy(), "classic", "CRITICAL, HIGH"),
        (Policy(fail_on=Threshold(known_exploited=True)), "classic", "CRITICAL, HIGH; known exploited"),
        (Policy(fail_on=Threshold(severities=[], epss=0.1)), "ami", "known exploited; EPSS from 0.1"),
        (Policy(only_fixable=True, grace_days=7), "ami", "CRITICAL, HIGH; known exploited; only fixable; after 7 days"),
        (Policy(report_only=True), "ami", "nothing: report only"),
    ],
)
def test_what_a_policy_fails_on(policy: Policy, engine: Any, words: str) -> None:
    assert view.fails_on(policy, engine) == words


def test_the_defaults_are_shown_by_engine() -> None:
    config = Config(cis="LEVEL_1")
    text = shown(config, ami("ami-1"), ami("ami-2", engine="ami"), ami("ami-3"))
    (instance,) = [line for line in text.splitlines() if "ami-1, ami-3" in line]
    (image,) = [line for line in text.splitlines() if "ami-2" in line]
    assert "operatingSystem, packages, languagePackages, findings, cis, exploitData (default)" in instance
    assert "operatingSystem, packages, languagePackages, findings, exploitData (default)" in image
    assert "judged" in instance


def test_an_amis_own_policy_has_a_row() -> None:
    own = AmiEntry(ami_id="ami-2", policy=Policy(require=["packages"], suppressed="tolerate"))
    text = shown(Config(), ami("ami-1"), ami("ami-2", entry=own))
    (row,) = [line for line in text.splitlines() if "ami-2" in line]
    assert re.split(r"\s{2,}", row.strip())[-2:] == ["packages", "tolerated"]


def test_json_has_what_each_ami_needs() -> None:
    answer = json.loads(view.to_json(Config(), [ami("ami-1")], [], "said"))
    assert answer["required"]["ami-1"] == ["operatingSystem", "packages", "languagePackages", "findings", "exploitData"]


@pytest.mark.parametrize(
    ("cis", "engines", "said"),
    [
        ("LEVEL_1", ["ami", "ami"], "cis LEVEL_1 is not assessed on 2 of 2 AMIs: engine ami runs no CIS benchmark"),
        (
            "LEVEL_2",
            ["instance", "ami"],
            "cis LEVEL_2 is not assessed on 1 of 2 AMIs: engine ami runs no CIS benchmark",
        ),
        ("LEVEL_1", ["instance", "auto"], ""),
        (None, ["ami"], ""),
    ],
)
def test_a_benchmark_that_an_engine_does_not_run_is_told(cis: Any, engines: Any, said: str) -> None:
    assert view.without_benchmark(Config(cis=cis), engines) == said


def test_each_lineage_is_shown_with_the_rule_that_told_it() -> None:
    file = io.StringIO()
    images = [ami("ami-1", lineage="web", lineage_rule="nameTag"), ami("ami-2", lineage="db")]
    Console(file=file, width=220, highlight=False).print(view.amis_table(images))
    assert "web (by: tag Name)" in file.getvalue()
    assert "db (by" not in file.getvalue()


def test_an_exception_for_a_lineage_of_an_earlier_release_is_told() -> None:
    config = Config(exceptions=[exception("CVE-1", "2036-01-01", lineage="rhel")])
    (said,) = view.renamed_lineages(config, [ami("ami-1", name="rhel-9", lineage="rhel-9")])
    assert said.startswith("lineage rhel is now rhel-9; ")
    assert view.renamed_lineages(config, [ami("ami-1", name="rhel-9", lineage="rhel")]) == []
