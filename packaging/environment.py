"""Make the environment in .venv: exact versions, and no CUDA packages on a machine that has no use for them.

    python packaging/environment.py            the program and what its developers need
    python packaging/environment.py package    in .venv-package: the program and PyInstaller, nothing to leave out

Runs with the bare interpreter, before anything is installed.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRA = sys.argv[1] if len(sys.argv) > 1 else "dev"
VENV = ROOT / (".venv" if EXTRA == "dev" else f".venv-{EXTRA}")
READY = VENV / "ready"  # its time says for which pyproject.toml and constraints.txt the environment was made
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
TORCH = re.search(r"^torch==\S+", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
CUDA_PACKAGES = ("nvidia-", "cuda-", "triton")


def check_python() -> None:
    """Stop when this interpreter is too old or cannot make environments."""
    if sys.version_info < (3, 11):  # noqa: UP036  -- it is run by whatever Python there is
        sys.exit(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old, 3.11 or newer is needed; "
            "install one and name it, for example “make PYTHON=python3.12”."
        )
    try:
        import ensurepip  # noqa: F401  -- Debian ships it apart
    except ImportError:
        sys.exit(
            "This Python cannot make environments because its venv module is incomplete; "
            "on Debian or Ubuntu run “apt install python3-venv”, then try again."
        )


def make_venv() -> None:
    """An environment of this very Python version; one of another version is replaced."""
    version = "import sys; print(sys.version_info[:2])"
    same = PYTHON.exists() and subprocess.run(
        [PYTHON, "-c", version], capture_output=True, text=True
    ).stdout.strip() == str(sys.version_info[:2])
    if VENV.exists() and not same:
        shutil.rmtree(VENV)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)


def pip(*arguments: str) -> None:
    subprocess.run(
        [PYTHON, "-m", "pip", "--disable-pip-version-check", *arguments, "-c", ROOT / "constraints.txt"], check=True
    )


def has_nvidia_device() -> bool:
    tool = shutil.which("nvidia-smi")
    return tool is not None and subprocess.run([tool, "-L"], capture_output=True).returncode == 0


def cuda_packages_of(torch: str) -> list[str]:
    """The CUDA packages that pip would bring along with torch; nothing is installed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip("install", "--quiet", "--dry-run", "--report", str(report), torch)
        names = [item["metadata"]["name"].lower() for item in json.loads(report.read_text())["install"]]
    return [name for name in names if name.startswith(CUDA_PACKAGES)]


def check_torch() -> None:
    """Stop before gigabytes of CUDA packages are fetched for a Linux machine without an NVIDIA device."""
    if not sys.platform.startswith("linux") or has_nvidia_device() or TORCH is None:
        return
    unwanted = cuda_packages_of(TORCH.group())
    if unwanted:
        sys.exit(
            f"Here pip would fetch several gigabytes of CUDA packages ({', '.join(unwanted[:3])}, ...) and no NVIDIA "
            f"device was found; choose Linux, Pip and CPU on PyTorch's “Get started” page, put the index address it "
            f"shows into PIP_EXTRA_INDEX_URL (or the folder of a downloaded {TORCH.group()} CPU wheel into "
            "PIP_FIND_LINKS), then try again."
        )


def main() -> None:
    check_python()
    try:
        make_venv()
        check_torch()
        pip("install", "--editable", f"{ROOT}[{EXTRA}]")
    except subprocess.CalledProcessError:
        sys.exit("The environment could not be made; the message above says why.")
    except KeyboardInterrupt:
        sys.exit("Stopped; run it again to go on.")
    READY.touch()


if __name__ == "__main__":
    main()
