"""`sam build`, as a user runs it: what would be uploaded runs on Lambda's machine, and fits."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from cfn_flip import load_yaml
from sam_cli import MISSING, ROOT, RUNTIME, copy_project, environment, runtime_is_found, sam

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

AARCH64 = 0xB7  # e_machine in the header of an ELF file
GLIBC = (2, 34)  # of Amazon Linux 2023, on which python3.13 runs (AWS Lambda Developer Guide, Lambda runtimes)
UNZIPPED = 250 * 2**20  # bytes (AWS Lambda Developer Guide, quotas: 250 MB unzipped)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `sam build` fills: one folder for each function, and the template."""
    env = environment(tmp_path_factory.mktemp("state"))
    if not runtime_is_found(env):
        pytest.skip(f"{RUNTIME} is not on the PATH; `make test-sam` puts one there if it finds it")
    project = copy_project(tmp_path_factory.mktemp("build") / "project")
    done = sam("build", cwd=project, env=env)
    assert done.returncode == 0, done.stdout
    return project / ".aws-sam" / "build"


def functions() -> dict[str, str]:
    """Handlers by the functions' logical names."""
    resources = load_yaml((ROOT / "template.yaml").read_text())["Resources"]
    return {
        name: one["Properties"]["Handler"]
        for name, one in resources.items()
        if one["Type"] == "AWS::Serverless::Function"
    }


def test_every_function_has_its_handler_and_its_libraries(built: Path) -> None:
    assert {path.name for path in built.iterdir() if path.is_dir()} == functions().keys()
    for name, handler in functions().items():
        module = handler.rpartition(".")[0].replace(".", "/")
        assert (built / name / f"{module}.py").is_file()
        assert (built / name / "msgspec").is_dir()


def test_every_binary_is_for_the_machine_of_lambda(built: Path) -> None:
    binaries = [path for path in built.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    assert binaries
    for path in binaries:
        assert struct.unpack_from("<H", path.read_bytes(), 18) == (AARCH64,), path
        assert path.name.endswith((".cpython-313-aarch64-linux-gnu.so", ".abi3.so")), path
    assert set(built.rglob("*.so*")) == set(binaries)


def fits(tag: str) -> bool:
    """Whether a wheel with this tag runs on Python 3.13, arm64, with Lambda's glibc."""
    python, abi, platform = tag.split("-")
    if (abi, platform) == ("none", "any"):
        return python in ("py2", "py3")  # a wheel for both has a tag for each
    stable = re.fullmatch(r"cp3(\d+)", python)
    interpreter = tag.startswith("cp313-cp313-") or (abi == "abi3" and stable and int(stable[1]) <= 13)
    if platform == "manylinux2014_aarch64":
        return bool(interpreter)
    glibc = re.fullmatch(r"manylinux_(\d+)_(\d+)_aarch64", platform)
    return bool(interpreter and glibc and (int(glibc[1]), int(glibc[2])) <= GLIBC)


def test_every_wheel_is_for_the_python_of_lambda(built: Path) -> None:
    tags = {line for path in built.rglob("*.dist-info/WHEEL") for line in path.read_text().splitlines()}
    named = {line.removeprefix("Tag: ") for line in tags if line.startswith("Tag: ")}
    assert any(tag.startswith("cp313-") for tag in named)
    assert [tag for tag in named if not fits(tag)] == []


@pytest.mark.parametrize(
    "tag",
    ["cp313-cp313-manylinux_2_17_x86_64", "cp312-cp312-manylinux2014_aarch64", "cp313-cp313-manylinux_2_39_aarch64"],
)
def test_a_wheel_that_would_not_run_is_found(tag: str) -> None:
    assert not fits(tag)


def test_every_function_fits_into_lambda(built: Path) -> None:
    for name in functions():
        size = sum(path.stat().st_size for path in (built / name).rglob("*") if path.is_file())
        assert size < UNZIPPED, f"{name}: {size:,} bytes"
