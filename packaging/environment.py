"""Make the environment in .venv: exact versions, and no CUDA packages on a machine that has no use for them.

    python packaging/environment.py            the program and what its developers need
    python packaging/environment.py package    in .venv-package: the program and PyInstaller, nothing to leave out
    python packaging/environment.py --cuda     with a build of PyTorch for NVIDIA cards, or none

Which builds there are is said by pip's index; that of PyTorch's builds for Windows, or for older cards, is named in
PIP_EXTRA_INDEX_URL. Runs with the bare interpreter, before anything is installed.
"""

import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CUDA = "--cuda" in sys.argv[1:]
EXTRA = next((argument for argument in sys.argv[1:] if argument != "--cuda"), "dev")
VENV = ROOT / (".venv" if EXTRA == "dev" else f".venv-{EXTRA}")
READY = VENV / "ready"  # its time says for which pyproject.toml and constraints.txt the environment was made
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
CONSTRAINTS = ROOT / "constraints.txt"
CUDA_PACKAGES = ("nvidia-", "cuda-", "triton")
HASHED = {("linux", "x86_64"), ("win32", "amd64"), ("darwin", "arm64")}  # see packaging/hashes.py


def section(text: str, name: str) -> str:
    """The part of constraints.txt below the comment that begins with “[name]”."""
    below = text.partition(f"# [{name}]")[2].partition("\n")[2]
    return re.split(r"^# \[\w+\]", below, maxsplit=1, flags=re.MULTILINE)[0]


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
    subprocess.run([PYTHON, "-m", "pip", "--disable-pip-version-check", *arguments], check=True)


def pip_with(lines: str, *arguments: str) -> None:
    """Run pip with these lines as its requirements."""
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text(lines, "utf-8")
        pip(*arguments, "--requirement", str(requirements))


def has_nvidia_device() -> bool:
    tool = shutil.which("nvidia-smi")
    return tool is not None and subprocess.run([tool, "-L"], capture_output=True).returncode == 0


def torch_to_be(torch: str) -> tuple[str, list[str], bool]:
    """Ask which build of torch pip would take, from whatever index it is told of; nothing is installed.

    Returns its SHA-256, empty where the index does not say it, the CUDA packages that it wants on Linux, and whether it
    is made for NVIDIA cards.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        asked = ("--dry-run", "--ignore-installed", "--no-deps", "--only-binary=:all:", "--report", str(report))
        pip("install", "--quiet", *asked, torch)
        (found,) = json.loads(report.read_text("utf-8"))["install"]
    hashes = found["download_info"].get("archive_info", {}).get("hashes", {})
    wants = [re.split(r"[^\w.-]", each)[0] for each in found["metadata"].get("requires_dist", ())]
    cuda = [name for name in wants if name.startswith(CUDA_PACKAGES)]
    made_for_cards = "+cu" in found["metadata"]["version"] or bool(cuda and sys.platform.startswith("linux"))
    return hashes.get("sha256", ""), cuda, made_for_cards


def check_torch(torch: str, cuda: list[str], made_for_cards: bool) -> None:
    """Stop before gigabytes of CUDA packages are fetched for a Linux machine without an NVIDIA device, and before a
    build for the processor is taken where one for a card was asked for; say where a card will not be used.
    """
    if not made_for_cards and (CUDA or has_nvidia_device()):
        remedy = (
            "choose your system, Pip and CUDA on PyTorch's “Get started” page, put the index address it shows into "
            "PIP_EXTRA_INDEX_URL"
        )
        if CUDA:
            sys.exit(f"Here pip would take a build of {torch} for the processor; {remedy}, then try again.")
        print(f"This build of {torch} does not use the NVIDIA card; to use it {remedy} and run this again with --cuda.")
    if cuda and sys.platform.startswith("linux") and not has_nvidia_device():
        sys.exit(
            f"Here pip would fetch several gigabytes of CUDA packages ({', '.join(cuda[:3])}, ...) and no NVIDIA "
            f"device was found; choose Linux, Pip and CPU on PyTorch's “Get started” page, put the index address it "
            f"shows into PIP_EXTRA_INDEX_URL (or the folder of a downloaded {torch} CPU wheel into "
            "PIP_FIND_LINKS), then try again."
        )


def install() -> None:
    """Install the exact versions, each file checked against its hash; what has none here is said."""
    text = CONSTRAINTS.read_text("utf-8")
    torch = re.findall(r"^torch==[^\s\\]+", text, re.MULTILINE)[0]
    digest, cuda, made_for_cards = torch_to_be(torch)
    check_torch(torch, cuda, made_for_cards)
    wanted, source = section(text, "program") + section(text, EXTRA), section(text, "source")
    if f"--hash=sha256:{digest}" in text.split():
        wanted += section(text, "cuda") if cuda and sys.platform.startswith("linux") else ""
    else:
        print(f"This build of {torch} has no hash here; it is taken as your index for it, or your file, has it.")
        wanted = re.sub(r"^torch==.*(\n +--hash.*)*\n", "", wanted, flags=re.MULTILINE)
    checked = ["--no-deps", "--require-hashes"]
    if (sys.platform, platform.machine().lower()) not in HASHED or sys.version_info >= (3, 15):
        print("The hashes of the files for this system or Python are not known here; only their versions are checked.")
        wanted, source, checked = without_hashes(wanted), without_hashes(source), ["--no-deps"]
    pip_with(wanted, "install", "--only-binary=:all:", *checked)
    pip_with(source, "install", "--no-build-isolation", *checked)
    pip("install", torch, *(["--upgrade"] if CUDA else []))  # a build for cards is the newer one to pip
    pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    pip("check")


def without_hashes(lines: str) -> str:
    return re.sub(r" \\\n +--hash=\S+", "", lines)


def main() -> None:
    check_python()
    try:
        make_venv()
        install()
    except subprocess.CalledProcessError:
        sys.exit("The environment could not be made; the message above says why.")
    except KeyboardInterrupt:
        sys.exit("Stopped; run it again to go on.")
    READY.touch()


if __name__ == "__main__":
    main()
