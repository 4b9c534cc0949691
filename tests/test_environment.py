"""Making the environment: what it refuses, before anything is installed."""

import importlib.util
import itertools
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "packaging" / "environment.py"


@pytest.fixture
def environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KNOWN, UNKNOWN = "a" * 64, "b" * 64
WANTS = ("sympy>=1.13", 'nvidia-cudnn-cu13==9.0; platform_system == "Linux"', "triton==3.0")
TEXT = f"""# [program] what the program is made of
numpy==1.0 \\
    --hash=sha256:{"1" * 64} \\
    --hash=sha256:{"2" * 64}
torch==2.13.0 \\
    --hash=sha256:{KNOWN}

# [source] what is built here
pyvips==3.0 \\
    --hash=sha256:{"3" * 64}

# [cuda] for cards
nvidia-cudnn-cu13==9.0 \\
    --hash=sha256:{"4" * 64}

# [dev] for developers
pytest==9.0 ; sys_platform == "linux" \\
    --hash=sha256:{"5" * 64}

# [package] for packages
pyinstaller==6.0 \\
    --hash=sha256:{"6" * 64}
"""


@pytest.fixture
def asked(environment: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[list[str], str]]:
    """What pip is asked for: its arguments, and what stands in its file of requirements."""
    calls: list[tuple[list[str], str]] = []

    def pip(*arguments: str) -> None:
        if "--dry-run" not in arguments:
            file = Path(arguments[-1]) if "--requirement" in arguments else None
            calls.append((list(arguments), file.read_text() if file else ""))

    constraints = tmp_path / "constraints.txt"
    constraints.write_text(TEXT)
    monkeypatch.setattr(environment, "CONSTRAINTS", constraints)
    monkeypatch.setattr(environment, "EXTRA", "dev")
    monkeypatch.setattr(environment, "pip", pip)
    monkeypatch.setattr(environment, "has_nvidia_device", lambda: False)
    monkeypatch.setattr(environment.sys, "platform", "linux")
    monkeypatch.setattr(environment.platform, "machine", lambda: "x86_64")
    return calls


def would_take(
    environment: ModuleType, monkeypatch: pytest.MonkeyPatch, digest: str, *wants: str, version: str = "2.13.0"
) -> None:
    """Let pip find a build of torch with this hash that wants these packages."""
    pip, wheel = environment.pip, {"archive_info": {"hashes": {"sha256": digest}}}
    metadata = {"name": "torch", "version": version, "requires_dist": list(wants)}
    found = {"metadata": metadata, "download_info": wheel if digest else {}}

    def report(*arguments: str) -> None:
        pip(*arguments)
        if "--report" in arguments:
            Path(arguments[arguments.index("--report") + 1]).write_text(json.dumps({"install": [found]}))

    monkeypatch.setattr(environment, "pip", report)


def test_cuda_packages_are_not_fetched_where_nothing_could_use_them(
    environment: ModuleType, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    would_take(environment, monkeypatch, KNOWN, *WANTS)
    with pytest.raises(SystemExit, match="PIP_EXTRA_INDEX_URL"):
        environment.install()
    assert not asked


def test_every_file_is_checked_against_its_hash(
    environment: ModuleType, asked: list[tuple[list[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    would_take(environment, monkeypatch, KNOWN, *WANTS)
    monkeypatch.setattr(environment, "has_nvidia_device", lambda: True)
    environment.install()
    (wheels, wanted), (source, built) = asked[:2]
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} < set(wheels)
    assert {"--require-hashes", "--no-deps", "--no-build-isolation"} < set(source)
    assert [line.split("==")[0] for line in wanted.splitlines() if "==" in line and "hash" not in line] == [
        "numpy", "torch", "pytest", "nvidia-cudnn-cu13"
    ]  # fmt: skip
    assert built.startswith("pyvips==")
    assert wanted.count("--hash") == 5


def test_a_build_of_torch_without_a_known_hash_is_said_and_all_else_is_checked(
    environment: ModuleType,
    asked: list[tuple[list[str], str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    would_take(environment, monkeypatch, UNKNOWN, "sympy>=1.13")
    environment.install()
    assert "has no hash here" in capsys.readouterr().out
    (wheels, wanted), _, (torch, _) = asked[:3]
    assert "--require-hashes" in wheels
    assert "torch" not in wanted
    assert KNOWN not in wanted
    assert "nvidia" not in wanted
    assert torch[:2] == ["install", "torch==2.13.0"]


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_a_build_for_cards_is_taken_where_one_is_asked_for_and_nothing_else(
    environment: ModuleType, asked: list[tuple[list[str], str]], monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.setattr(environment, "CUDA", True)
    monkeypatch.setattr(environment, "has_nvidia_device", lambda: True)
    monkeypatch.setattr(environment.sys, "platform", platform)
    would_take(environment, monkeypatch, UNKNOWN, "sympy>=1.13")
    with pytest.raises(SystemExit, match=r"for the processor; .* CUDA .* PIP_EXTRA_INDEX_URL"):
        environment.install()
    assert not asked
    would_take(environment, monkeypatch, UNKNOWN, "sympy>=1.13", version="2.13.0+cu126")
    environment.install()
    assert ["install", "torch==2.13.0", "--upgrade"] in [arguments for arguments, _ in asked]


def test_a_card_that_a_build_does_not_use_is_said_and_the_rest_is_made(
    environment: ModuleType,
    asked: list[tuple[list[str], str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(environment.sys, "platform", "win32")
    monkeypatch.setattr(environment.platform, "machine", lambda: "AMD64")
    would_take(environment, monkeypatch, KNOWN, *WANTS)
    environment.install()
    assert "--cuda" not in capsys.readouterr().out
    monkeypatch.setattr(environment, "has_nvidia_device", lambda: True)
    environment.install()
    assert "does not use the NVIDIA card; to use it choose" in capsys.readouterr().out
    assert asked[-2][0][:2] == ["install", "--no-deps"]


@pytest.mark.parametrize("hash_of_torch", ["", KNOWN])
def test_on_a_system_without_known_hashes_the_versions_are_exact_and_it_is_said(
    environment: ModuleType,
    asked: list[tuple[list[str], str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    hash_of_torch: str,
) -> None:
    monkeypatch.setattr(environment.platform, "machine", lambda: "aarch64")
    would_take(environment, monkeypatch, hash_of_torch)
    environment.install()
    assert "only their versions are checked" in capsys.readouterr().out
    for arguments, requirements in asked:
        assert "--require-hashes" not in arguments
        assert "--hash" not in requirements
    assert "numpy==1.0" in asked[0][1]
    assert 'pytest==9.0 ; sys_platform == "linux"' in asked[0][1]


def test_a_python_without_venv_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    done = subprocess.run(
        [sys.executable, SCRIPT], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert done.stderr.count("\n") == 1


def test_every_package_has_an_exact_version_and_the_hashes_of_its_files() -> None:
    text = SCRIPT.parents[1].joinpath("constraints.txt").read_text("utf-8")
    packages = re.findall(r"^([\w.-]+)==([^\s;\\]+)((?:.*\\\n)(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.M)
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert len(packages) == len(lines) > 80
    assert ("torch", "2.13.0") in [(name, version) for name, version, _ in packages]
    assert all("+" not in version for _, version, _ in packages), "a build for one kind of machine"


def test_all_that_the_project_names_has_a_hash() -> None:
    root = SCRIPT.parents[1]
    project = tomllib.loads(root.joinpath("pyproject.toml").read_text("utf-8"))["project"]
    named = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    pinned = {plain(line) for line in root.joinpath("constraints.txt").read_text("utf-8").splitlines() if "==" in line}
    assert {plain(each) for each in named} - pinned == {"nti-desktop"}


def plain(requirement: str) -> str:
    return re.split(r"[\[<>=; ]", requirement)[0].lower().replace("_", "-")


def test_new_hashes_take_the_place_of_the_old_ones_and_nothing_else_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    hashes = importlib.import_module("hashes")
    new = {pin: {"f" * 64, "e" * 64} for pin in hashes.pins_in(TEXT)}
    written = hashes.with_hashes(TEXT, new)
    assert written.count("--hash") == 2 * len(new) == 12
    assert hashes.with_hashes(written, new) == written
    old = dict(re.findall(r"^(\w[\w.-]+==[\w.]+).*\\\n((?: +--hash=.*\n)+)", TEXT, re.M))
    back = {pin: re.findall("[0-9a-f]{64}", lines) for pin, lines in old.items()}
    assert hashes.with_hashes(written, back) == TEXT
