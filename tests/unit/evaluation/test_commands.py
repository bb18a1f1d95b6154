"""The command of an upgrade, and that nothing in a finding can make it another one."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden_ami.evaluation.commands import command_of
from golden_ami.evaluation.model import Target
from golden_ami.evaluation.systems import mark_of, system_of, tool_of


@pytest.mark.parametrize(
    ("reported", "version", "system", "tool"),
    [("Amazon Linux 2", "1.0-1.amzn2.0.1", "Amazon Linux 2", "yum"),
     ("Amazon Linux 2", "1.0-1", "Amazon Linux 2", "yum"),
     ("", "1.0-1.amzn2.0.1", "amzn2", "yum"), ("Amazon Linux", "1.0-1.amzn2.0.1", "amzn2", "yum"),
     ("amzn1", "1.0-1.amzn2", "amzn2", "yum"), ("amzn1", "1.0-1", "amzn1", "yum"),
     ("Amazon Linux AMI 2018.03", "1.0-1.amzn1", "Amazon Linux AMI 2018", "yum"),
     ("", "1.0-1.amzn2023.0.2", "amzn2023", "dnf"),
     ("Amazon Linux 2023", "1.0", "Amazon Linux 2023", "dnf"), ("", "1.0-1.el7_9", "el7", "yum"),
     ("Red Hat Enterprise Linux 8.10", "4.18.0-553.el8_10", "Red Hat Enterprise Linux 8", "dnf"),
     ("", "16.20.1-1.module_el8.8.0+3613+1", "el8", "dnf"), ("", "18.18.2-1.module+el8.9.0+2", "el8", "dnf"),
     ("CentOS Linux 7", "1", "CentOS Linux 7", "yum"), ("CentOS Stream 9", "1-1.el9", "CentOS Stream 9", "dnf"),
     ("Red Hat Enterprise Linux Server 7.9", "1", "Red Hat Enterprise Linux Server 7", "yum"),
     ("Oracle Linux Server 9.4", "1-1.el9", "Oracle Linux Server 9", "dnf"),
     ("Red Hat Enterprise Linux 10.1", "1-1.el10_1", "Red Hat Enterprise Linux 10", "dnf"),
     ("Rocky Linux 9.4", "1-1.el9", "Rocky Linux 9", "dnf"), ("Some Linux 9.1", "1-1.el9", "el9", "dnf"),
     ("Ubuntu 22.04", "1.0-1.el9", "Ubuntu 22.04", "apt-get"),
     ("Red Hat Enterprise Linux 9.4", "1.0-1.deb12", "Red Hat Enterprise Linux 9", "dnf"),
     ("Ubuntu 22.04", "3.0.2-0ubuntu1.15", "Ubuntu 22.04", "apt-get"), ("", "3.0.2-0ubuntu1.15", "ubuntu", "apt-get"),
     ("Debian GNU/Linux 12", "1.0-1", "Debian GNU/Linux 12", "apt-get"), ("", "3.0.9-1+deb12u3", "deb12", "apt-get"),
     ("SLES 15.5", "1.1.1l-150500.17.3.1", "SLES 15.5", "zypper"),
     ("Something Linux 1", "1.0", "Something Linux 1", ""),
     ("Microsoft Windows Server 2019 Datacenter 10.0.17763", "", "Microsoft Windows Server 2019 Datacenter 10.0.17763",
      "windows"),
     ("", "1.0", "", "")],
)  # fmt: skip
def test_what_installs_packages(reported: str, version: str, system: str, tool: str) -> None:
    assert system_of(version, reported) == system
    assert tool_of(system) == tool


@pytest.mark.parametrize(
    ("version", "mark"),
    [("0.0~git20220527.2fc40b1-1ubuntu1", "ubuntu"), ("1.1.0+git20220101.c2deb93-1", ""), ("1.0+git1.fc40b1a-1", ""),
     ("1.0~deb9312-1", ""), ("1.0.deb93ab", ""), ("1.0-1.fc40", "fc40"), ("1.0-1~deb12u1", "deb12"),
     ("1.0-1+deb9u2", "deb9"), ("1.0-1.2label9", ""), ("2:8.2-3.el9_4.2", "el9"), ("1.0-1.el9fdp", "el9")],
)  # fmt: skip
def test_a_hash_of_git_is_no_mark(version: str, mark: str) -> None:
    assert mark_of(version) == mark


def _command(name: str, to: str, manager: str = "OS", system: str = "") -> str:
    return command_of([Target(package=name, to=to, manager=manager)], system)


@pytest.mark.parametrize(
    ("name", "to", "manager", "system", "command"),
    [("openssl", "1:3.0.7-27.el9", "OS", "el9", "dnf update openssl-1:3.0.7-27.el9"),
     ("nerdctl", "0:2.0.5-1.amzn2.0.1", "OS", "amzn2", "yum update nerdctl-2.0.5-1.amzn2.0.1"),
     ("nerdctl", "2.0.5-1.amzn2023.0.1", "OS", "amzn2023",
      "dnf update --releasever=latest nerdctl-2.0.5-1.amzn2023.0.1"),
     ("curl", "8.5.0-1.amzn2023", "OS", "Amazon Linux 2023",
      "dnf update --releasever=latest curl-8.5.0-1.amzn2023"),
     ("curl", "7.61.1-12.98.amzn1", "OS", "Amazon Linux AMI 2018", "yum update curl-7.61.1-12.98.amzn1"),
     ("libssl3", "3.0.2-0ubuntu1.15", "OS", "Ubuntu 22.04", "apt-get install --only-upgrade libssl3=3.0.2-0ubuntu1.15"),
     ("libstdc++6", "12.2.0-14+deb12u1", "OS", "deb12", "apt-get install --only-upgrade libstdc++6=12.2.0-14+deb12u1"),
     ("libopenssl1_1", "1.1.1l-150500.17.3.1", "OS", "SLES 15.5", "zypper install libopenssl1_1=1.1.1l-150500.17.3.1"),
     ("certifi", "2023.7.22", "POETRY", "", "pip install certifi==2023.7.22"),
     ("@babel/traverse", "7.23.2", "NODEPKG", "", "npm install @babel/traverse@7.23.2"),
     ("golang.org/x/net", "v0.38.0", "GOBINARY", "", "go get golang.org/x/net@v0.38.0, then build again"),
     ("stdlib", "1.22.7", "GOBINARY", "", "build again with Go 1.22.7"),
     ("go:stdlib", "1.21.11", "GOBINARY", "", "build again with Go 1.21.11"),
     ("go/toolchain", "go1.21.11", "GOMOD", "", "build again with Go 1.21.11"),
     ("org.yaml:snakeyaml", "2.0", "JAR", "", "bump org.yaml:snakeyaml to 2.0 in the build, then build again"),
     ("rack", "2.2.8.1", "GEMSPEC", "", "gem install rack --version 2.2.8.1"),
     ("symfony/http-kernel", "v5.4.20", "COMPOSER", "", "composer require symfony/http-kernel:5.4.20"),
     ("System.Text.Json", "8.0.5", "NUGET", "", "dotnet add package System.Text.Json --version 8.0.5"),
     ("tokio", "1.38.1", "CARGO", "", "cargo update tokio --precise 1.38.1, then build again"),
     ("KB5034441", "", "OS", "Microsoft Windows Server 2022 Datacenter 10.0.20348", "install the update KB5034441"),
     ("Windows Server", "10.0.1", "OS", "Microsoft Windows Server 2022 Datacenter 10.0.20348", ""),
     ("openssl", "3.0.8", "OS", "", ""), ("openssl", "3.0.8", "", "el9", ""), ("x", "1", "UNHEARD", "", "")],
)  # fmt: skip
def test_by_operating_system_and_package_manager(name: str, to: str, manager: str, system: str, command: str) -> None:
    assert _command(name, to, manager, system) == command


def test_packages_of_one_source_are_in_one_command() -> None:
    targets = [Target(package=name, to="1.0~rc1-1.el9", manager="OS") for name in ("a", "a-libs")]
    assert command_of(targets, "el9") == "dnf update 'a-1.0~rc1-1.el9' 'a-libs-1.0~rc1-1.el9'"
    assert command_of([*targets, Target(package="$(id)", to="1", manager="OS")], "el9") == ""
    assert command_of(targets * 200, "el9") == ""


def test_windows_may_say_the_update_elsewhere() -> None:
    target = Target(package="Windows Server 2019", to="10.0.17763.5329", manager="OS")
    assert (
        command_of([target], "Microsoft Windows Server 2019", "Install KB5034127; rm -rf")
        == "install the update KB5034127"
    )


HOSTILE = ["x;id", "x id", "$(id)", "`id`", "x|id", "x&id", "x\nid", "x>y", "-rf", "--config=x", "x'", 'x"', "x\\", "*",
           "x{a,b}", "!x", "#x", "@x", "é", "x\u202e", "", "x" * 201, "../x", "~root"]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("manager", ["OS", "PIP", "NPM", "GOMOD", "JAR", "GEMSPEC", "COMPOSER", "NUGET", "CARGO"])
def test_what_is_no_plain_name_is_in_no_command(text: str, manager: str) -> None:
    assert _command(text, "1.0", manager, "el9") == ""
    assert _command("x", text, manager, "el9") == ""


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from(["el9", "amzn2", "amzn2023", "deb12", "SLES 15.5"]))
def test_a_shell_sees_one_word_for_a_package(name: str, to: str, system: str) -> None:
    if command := _command(name, to, "OS", system):
        *_, word = shlex.split(command, comments=True)
        assert word in (f"{name}-{to.removeprefix('0:')}", f"{name}={to.removeprefix('0:')}")
        assert len(shlex.split(command)) == (4 if system in ("amzn2023", "deb12") else 3)
