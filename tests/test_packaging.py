"""What is built holds what it must, and what it needs is pinned."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import fleeting

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PIN = re.compile(r"[a-z0-9][a-z0-9._-]*==[0-9][0-9a-z.]*")


def pins() -> dict[str, str]:
    """Version of each package in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build wheel and source archive with the builder that is installed; no network."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    (path,) = built.glob("*.whl")
    return zipfile.ZipFile(path)


def test_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    ignored = {"__pycache__", ".DS_Store"}
    wanted = {
        path.relative_to(SOURCE).as_posix()
        for path in (SOURCE / "fleeting").rglob("*")
        if path.is_file() and not ignored & set(path.parts) and path.suffix != ".pyc"
    }
    assert "fleeting/face/data/face_landmark.tflite" in wanted
    assert wanted - set(wheel.namelist()) == set()


def test_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Tests, benchmarks and pages stay out: whoever installs the package does not run them."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"fleeting", f"fleeting-{fleeting.__version__}.dist-info"}


def test_wheel_carries_licence_and_notice(wheel: zipfile.ZipFile) -> None:
    licences = {name.rsplit("/", 1)[1]: name for name in wheel.namelist() if "/licenses/" in name}
    assert set(licences) == {"LICENSE", "NOTICE"}
    assert "Apache License" in wheel.read(licences["LICENSE"]).decode()


def test_wheel_is_light(wheel: zipfile.ZipFile) -> None:
    size = sum(item.compress_size for item in wheel.infolist())
    assert size < 20_000_000, f"the wheel holds {size / 1e6:.1f} MB"


def test_metadata_names_extras_python_and_command(wheel: zipfile.ZipFile) -> None:
    info = f"fleeting-{fleeting.__version__}.dist-info"
    metadata = Parser().parsestr(wheel.read(f"{info}/METADATA").decode())
    assert set(metadata.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == "<3.14,>=3.11"
    assert "fleeting = fleeting.cli.main:run" in wheel.read(f"{info}/entry_points.txt").decode()


def test_source_archive_is_enough_to_build_and_test(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for wanted in (
        "pyproject.toml",
        "constraints.txt",
        "Makefile",
        "LICENSE",
        "NOTICE",
        "tests/test_packaging.py",
    ):
        assert wanted in names, f"{wanted} is not in the source archive"


def test_version_is_said_once() -> None:
    assert PROJECT["version"] == fleeting.__version__
    assert f"## {fleeting.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_constraints_are_exact_pins_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    odd = [line for line in lines if not line.startswith("#") and not PIN.fullmatch(line)]
    assert not odd, f"not of the form name==version: {odd}"


@pytest.mark.parametrize("group", ["core", *PROJECT["optional-dependencies"]])
def test_every_requirement_has_a_pin_that_satisfies_it(group: str) -> None:
    stated = PROJECT["dependencies"] if group == "core" else PROJECT["optional-dependencies"][group]
    requirements = [Requirement(text) for text in stated]
    wrong = [
        f"{one} (pinned: {pins().get(canonicalize_name(one.name), 'not')})"
        for one in requirements
        if one.name != "fleeting" and not one.specifier.contains(pins().get(canonicalize_name(one.name), "0"))
    ]
    assert not wrong, f"run `make constraints`: {wrong}"


def test_core_needs_nothing_heavy() -> None:
    core = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert not core & {
        "torch",
        "tensorflow",
        "mediapipe",
        "torchvision",
        "opencv-python",
        "ray",
        "transformers",
    }


def test_notice_states_the_hashes_of_the_shipped_models() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    stated = dict(re.findall(r"(src/\S+)\s+sha256 ([0-9a-f]{64})", notice))
    shipped = {path.relative_to(ROOT).as_posix() for path in SOURCE.rglob("*.tflite")}
    assert set(stated) == shipped
    for name, digest in stated.items():
        assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == digest, (
            f"{name} is not what NOTICE says"
        )


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    "target", ["demo", "test", "test-slow", "test-all", "api-surface", "constraints", "clean"]
)
def test_makefile_has_the_target(target: str) -> None:
    command = ["make", "--dry-run", "--no-print-directory", target]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_ci_script_can_be_read_and_run() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o100, ".ci/run is not executable"
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert "make test\n" in script.read_text(encoding="utf-8")


def test_pins_are_written_from_a_pip_report(tmp_path: Path) -> None:
    packages = [("Torch", "2.13.0+cpu"), ("av", "18.1.0"), ("fleeting", "0.1.0")]
    report = {
        "install": [{"metadata": {"name": name, "version": version}} for name, version in packages],
        "environment": {"python_version": "3.11"},
    }
    (tmp_path / "report.json").write_text(json.dumps(report))
    command = [
        sys.executable,
        str(ROOT / ".ci" / "pin.py"),
        str(tmp_path / "report.json"),
        str(tmp_path / "out"),
    ]
    subprocess.run(command, check=True)
    lines = (tmp_path / "out").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["av==18.1.0", "torch==2.13.0"]
