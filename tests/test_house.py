"""The rules of the house, as tests: sizes, imports, what may not be in the repository, documented names."""

import ast
import importlib
import inspect
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import fleeting

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "fleeting"
MODULES = sorted(SOURCE.rglob("*.py"))
ROOMS = sorted(module.name for module in pkgutil.iter_modules(fleeting.__path__))

FILE_LINES = 400
FUNCTION_LINES = 50  # of body; signature and docstring may take the room they need
# "path" or "path::function" -> why it may be longer. Empty, and meant to stay so.
LONGER: dict[str, str] = {}

LARGEST_BYTES = 5_000_000
# What loads slowly or is not always there: never on the way of `import fleeting` or `fleeting --help`.
HEAVY = {
    "torch",
    "cv2",
    "scipy",
    "pandas",
    "ai_edge_litert",
    "onnxruntime",
    "av",
    "skimage",
    "sklearn",
    "ray",
}
UNPICKLING = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}


def tracked_files() -> list[Path]:
    """Files that git holds, or that it would hold if all were added."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what is tracked is not known")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def long_parts(path: Path, name: str) -> list[str]:
    """Say which parts of a module are longer than the house allows."""
    text = path.read_text(encoding="utf-8")
    found = []
    if (lines := text.count("\n")) > FILE_LINES and name not in LONGER:
        found.append(f"{name}: {lines} lines, more than {FILE_LINES}; make two files of it")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = body_lines(node)
            if lines > FUNCTION_LINES and f"{name}::{node.name}" not in LONGER:
                found.append(f"{name}:{node.lineno}: {node.name} has {lines} lines of body, split it")
    return found


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from a function's first statement to its last, the docstring not counted."""
    said = ast.get_docstring(node, clean=False) is not None
    if said and len(node.body) == 1:
        return 0
    return (node.end_lineno or 0) - node.body[1 if said else 0].lineno + 1


def imported_names(path: Path) -> list[tuple[int, str]]:
    """Line and dotted name of all that a module imports, at its top or later."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.append((node.lineno, node.module or ""))
    return found


def pickled_arrays(path: Path) -> list[int]:
    """Lines where ``allow_pickle`` is anything but a plain ``False``."""
    words = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.keyword)]
    asked = [word.value for word in words if word.arg == "allow_pickle"]
    return [value.lineno for value in asked if not (isinstance(value, ast.Constant) and value.value is False)]


def modules_loaded_by(code: str) -> set[str]:
    """Top-level names that a fresh interpreter holds after some code and did not hold before it."""
    script = f"import sys; before = set(sys.modules)\n{code}\n"
    script += "import json; print(json.dumps(sorted(set(sys.modules) - before)))"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COV", "PYTEST"))}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_files_and_functions_are_short() -> None:
    found = [part for path in MODULES for part in long_parts(path, path.relative_to(ROOT).as_posix())]
    assert not found, "\n".join(found)


def test_a_long_function_and_a_long_file_would_be_found(tmp_path: Path) -> None:
    body = "    x = 1\n"
    path = tmp_path / "long.py"
    short = "def short(\n    a,\n):\n    '''Say.\n\n    more\n    '''\n" + body * 50
    path.write_text(short + "\n\ndef long():\n    '''Say.'''\n" + body * 51)
    assert [part.split(": ")[1] for part in long_parts(path, "long.py")] == [
        "long has 51 lines of body, split it"
    ]
    path.write_text("x = 1\n" * 401)
    assert long_parts(path, "long.py") == ["long.py: 401 lines, more than 400; make two files of it"]


def test_no_large_file_is_tracked() -> None:
    large = {
        path.name: path.stat().st_size for path in tracked_files() if path.stat().st_size > LARGEST_BYTES
    }
    assert not large, f"files of more than {LARGEST_BYTES} bytes: {large}"


# Written in two halves so that this file does not hold what it forbids.
FORBIDDEN = {
    "a package index or its option": r"pypi\.(org|python)|python"
    + r"hosted|download\.pytorch|(extra-)?index"
    + r"-url",
    "a path of somebody's machine": r"(?<![\w.~$}])/(work|root|home/\w+|tmp|Users/\w+|opt/\w+)" + r"/\w",
    "a Windows user's path": r"[A-Z]:\\{1,2}Users" + r"\\",
}


def forbidden_in(text: str) -> list[str]:
    """Name what may not stand in a tracked file and does."""
    return [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)]


def test_no_index_host_and_no_machine_path_in_the_repository() -> None:
    found = []
    for path in tracked_files():
        data = path.read_bytes()
        if b"\0" in data[:4096]:
            continue  # not text
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            found += [
                f"{path.relative_to(ROOT)}:{number}: {what}: {line.strip()[:80]}"
                for what in forbidden_in(line)
            ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ("pip install --index" + "-url x", True),
        ("see https://pypi" + ".org/project/av", True),
        ("open('/work" + "/main/x')", True),
        ("path = /tmp" + "/a.mp4", True),
        ("https://example.org/work/paper", False),
        ("a framework/b", False),
        ("${HOME}/tmp/x", False),
    ],
)
def test_forbidden_words_are_found_and_others_are_not(line: str, *, bad: bool) -> None:
    assert bool(forbidden_in(line)) is bad


def test_nothing_can_be_unpickled() -> None:
    found = []
    for path in MODULES:
        name = path.relative_to(ROOT).as_posix()
        found += [f"{name}:{n}: {m}" for n, m in imported_names(path) if m.partition(".")[0] in UNPICKLING]
        found += [f"{name}:{n}: allow_pickle" for n in pickled_arrays(path)]
    assert not found, "reading a pickle runs code of a stranger: " + "; ".join(found)


def test_rooms_talk_through_their_doors() -> None:
    """A room is entered by ``fleeting.<room>`` alone; what lies behind is its own."""
    found = []
    for path in MODULES:
        home = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for line, name in imported_names(path):
            parts = name.split(".")
            if parts[0] == "fleeting" and len(parts) > 2 and parts[1] != home:
                found.append(f"{path.relative_to(ROOT)}:{line}: {name}")
    assert not found, "import from the room itself: " + "; ".join(found)


def test_import_fleeting_loads_numpy_at_most() -> None:
    ours = modules_loaded_by("import fleeting, fleeting.core") - set(sys.stdlib_module_names)
    assert ours <= {"fleeting", "numpy"}, f"loaded on the way: {sorted(ours)}"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "sys.argv = ['fleeting', '--help']\n"
        "from fleeting.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )
    loaded = modules_loaded_by(code)
    assert not loaded & HEAVY, f"`fleeting --help` loads {sorted(loaded & HEAVY)}"
    assert "typer" in loaded


def submodules(room: str) -> list[str]:
    """Dotted names of a room and of all modules in it; ``__main__`` modules run, so they are left out."""
    top = importlib.import_module(f"fleeting.{room}")
    inner = pkgutil.walk_packages(getattr(top, "__path__", []), f"{top.__name__}.")
    return [top.__name__, *(module.name for module in inner if not module.name.endswith("__main__"))]


@pytest.mark.parametrize(
    "room", ["core", "facs", "io", "datasets", "evaluation", "face", "motion", "spotting"]
)
def test_room_imports_without_torch(room: str) -> None:
    """``None`` in ``sys.modules`` makes an import fail, so this holds where torch is installed too."""
    names = submodules(room)
    loaded = modules_loaded_by("sys.modules['torch'] = None\nimport " + ", ".join(names))
    assert "fleeting" in loaded


def test_analysis_and_command_line_import_without_torch() -> None:
    names = [name for room in ("analysis", "report", "cli") for name in submodules(room)]
    modules_loaded_by("sys.modules['torch'] = None\nimport " + ", ".join(names))


def undocumented(module: object, names: list[str]) -> list[str]:
    """Public functions and classes, and the classes' own public methods, that say nothing of themselves."""
    found = []
    for name in names:
        item = getattr(module, name)
        if not (inspect.isfunction(item) or inspect.isclass(item)):
            continue
        if not (item.__doc__ or "").strip() or (item.__doc__ or "").startswith(f"{name}("):
            found.append(name)  # a dataclass without a docstring gets its signature as one
        if inspect.isclass(item):
            own = {k: v for k, v in vars(item).items() if not k.startswith("_")}
            routines = {k: getattr(v, "__func__", v) for k, v in own.items()}
            found += [
                f"{name}.{k}"
                for k, v in routines.items()
                if (inspect.isfunction(v) or isinstance(v, property)) and not (v.__doc__ or "").strip()
            ]
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_are_documented(room: str) -> None:
    module = importlib.import_module(f"fleeting.{room}")
    assert (module.__doc__ or "").strip(), f"fleeting.{room} does not say what it is"
    missing = undocumented(module, list(getattr(module, "__all__", [])))
    assert not missing, f"fleeting.{room}: no docstring for {', '.join(missing)}"


def test_a_missing_docstring_would_be_found() -> None:
    class Silent:
        def method(self) -> None: ...

    room = SimpleNamespace(Silent=Silent)
    assert undocumented(room, ["Silent"]) == ["Silent", "Silent.method"]


def links_of(page: Path) -> list[str]:
    """Targets of a page's links and pictures that lie beside it, without their anchors."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]


def test_links_between_pages_lead_somewhere() -> None:
    pages = [path for path in tracked_files() if path.suffix == ".md"]
    dead = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in pages
        for target in links_of(page)
        if target and not (page.parent / target).exists()
    ]
    assert not dead, "links to nothing: " + "; ".join(dead)
