"""What is a package's name, by ecosystem: an address, a file or an alias is none, whoever says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_world import finding, package

from golden_ami.evaluation.commands import command_of
from golden_ami.evaluation.identity import ecosystem
from golden_ami.evaluation.model import Target
from golden_ami.evaluation.names import is_name, is_package, is_version
from golden_ami.evaluation.packages import affected_by
from golden_ami.evaluation.upgrades import AmiUpgrades

MANAGERS = ["OS", "PIP", "NPM", "GOMOD", "JAR", "GEMSPEC", "CARGO", "NUGET", "COMPOSER"]
ADDRESSES = [
    "https://evil.example/lodash.tgz",
    "git+https://evil.example/x.git",
    "git@evil.example:x",
    "//evil.example/x",
    "file:evil",
    "npm:evil",
    "github:evil/repo",
    "./x",
    "../x",
    "/tmp/x.rpm",
    "~/x",
    "x@1",
    "@scope",
    "@scope/a/b",
]


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("manager", MANAGERS)
def test_an_address_is_no_name(manager: str, name: str) -> None:
    assert not is_name(ecosystem(manager), name) or (manager, name) in [("JAR", "file:evil"), ("JAR", "npm:evil")]
    if manager != "JAR":
        assert command_of([Target(package=name, to="1.1", manager=manager)], "el9") == ""


@pytest.mark.parametrize(
    ("manager", "name"),
    [
        ("NPM", "evil/repo"),
        ("NPM", "x.tgz"),
        ("NPM", "x.tar.gz"),
        ("PIP", "evil/x"),
        ("PIP", "x[extra]"),
        ("OS", "tmp/x"),
        ("OS", "x.rpm"),
        ("OS", "x.deb"),
        ("OS", "libc6:amd64"),
        ("GEMSPEC", "x.gem"),
        ("GEMSPEC", "a/b"),
        ("CARGO", "a/b"),
        ("GOMOD", "x"),
        ("GOMOD", "evil.example/../x"),
        ("GOMOD", "evil.example:80/x"),
        ("COMPOSER", "x"),
        ("NUGET", "a/b"),
        ("JAR", "a:b:c"),
        ("JAR", "a/b"),
        ("COMPOSER", "a" * 150 + "!"),
    ],
)
def test_another_ecosystems_name_is_none(manager: str, name: str) -> None:
    assert not is_name(ecosystem(manager), name)


@pytest.mark.parametrize(
    ("manager", "name"),
    [
        ("NPM", "@babel/traverse"),
        ("NPM", "lodash.template"),
        ("NPM", "JSONStream"),
        ("NPM", "socket.io"),
        ("PIP", "ruamel.yaml"),
        ("PIP", "PyYAML"),
        ("OS", "libstdc++6"),
        ("OS", "java-1.8.0-openjdk"),
        ("OS", "NetworkManager"),
        ("OS", "python3.11"),
        ("GOMOD", "github.com/nats-io/nats.go"),
        ("GOMOD", "gopkg.in/yaml.v2"),
        ("GOMOD", "k8s.io/api"),
        ("GOMOD", "go/stdlib"),
        ("GEMSPEC", "rack-test"),
        ("CARGO", "tokio_util"),
        ("NUGET", "System.Text.Json"),
        ("COMPOSER", "symfony/http-kernel"),
        ("JAR", "org.yaml:snakeyaml"),
        ("JAR", "log4j-core"),
        ("JAR", "com.typesafe.akka:akka-actor_2.13"),
    ],
)
def test_what_packages_are_called(manager: str, name: str) -> None:
    assert is_name(ecosystem(manager), name)
    assert is_package(ecosystem(manager), name)


@pytest.mark.parametrize("version", ["npm:evil", "file:x", "latest", "1.1.tgz", "1.1.rpm", "https:x", "x", "1.0:2"])
def test_what_is_no_version_is_in_no_command(version: str) -> None:
    assert not is_version("node", version)
    assert command_of([Target(package="lodash", to=version, manager="NPM")], "") == ""


def test_a_file_is_no_version_of_a_system() -> None:
    assert command_of([Target(package="x", to="1.1.rpm", manager="OS")], "el9") == ""


@given(st.text(st.sampled_from("ab/:@.-+~ "), min_size=1, max_size=12), st.sampled_from(MANAGERS))
def test_only_npm_go_and_composer_have_a_slash_and_only_maven_a_colon(name: str, manager: str) -> None:
    kind = ecosystem(manager)
    if is_name(kind, name):
        assert "/" not in name or kind in ("node", "go", "php")
        assert ":" not in name or kind == "java"
        assert "@" not in name or (kind, name[0], name.count("/")) == ("node", "@", 1)


@pytest.mark.parametrize(
    ("manager", "other"), [("NPM", "https://evil.example/lodash.tgz"), ("OS", "tmp/x"), ("", "a://b")]
)
@pytest.mark.parametrize("fixed_in", ["3.0.8", ""])
def test_what_an_event_adds_keeps_no_upgrade_from_closing_a_finding(manager: str, other: str, fixed_in: str) -> None:
    upgrades = AmiUpgrades("Amazon Linux 2")
    real, added = package("lodash", manager=manager), package(other, fixed_in=fixed_in, manager=manager)
    for found in (finding("CVE-1", real, added), finding("CVE-2", added)):
        upgrades.add(found, affected_by(found), fails=True)
    (upgrade,) = upgrades.ranked()
    assert (upgrade.package, upgrade.closes, upgrade.also, upgrade.together) == ("lodash", 1, [], [])


@pytest.mark.parametrize(
    "name", ["Windows Server 2022", "Microsoft Visual C++ 2015 Redistributable (x64)", "KB5034441"]
)
def test_what_windows_has_is_listed(name: str) -> None:
    assert affected_by(finding("CVE-1", package(name))).closed_by == {("os", name)}
