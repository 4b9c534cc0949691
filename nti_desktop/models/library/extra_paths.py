"""ComfyUI's extra_model_paths.yaml: further folders of checkpoints, as it reads them."""

import os
from collections.abc import Iterator
from pathlib import Path

from nti_desktop.core import disk

LARGEST_FILE = 1 << 16  # bytes
MOST_FOLDERS = 50
_KEYS = ("checkpoints", "diffusers")


def checkpoint_folders(file: Path) -> list[Path]:
    """The folders that the file names; none where there is no such file, or it is none."""
    try:
        if not file.is_file() or file.stat().st_size > LARGEST_FILE:
            return []
        lines = disk.read_bytes(file).decode("utf-8", "replace").splitlines()
        return list(dict.fromkeys(_folders(lines, file.parent)))[:MOST_FOLDERS]
    except (OSError, ValueError):
        return []


def _folders(lines: list[str], beside: Path) -> Iterator[Path]:
    """Sections of a base path and of folders below it, by kind, each one path or a block of them, a line each."""
    base, named, key, depth = "", list[str](), "", 0
    for line in [*lines, "end:"]:
        text = line.split(" #")[0].strip()
        if not text or text.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        name, colon, value = text.partition(":")
        if indent == 0:
            yield from (_resolved(beside, base, path) for path in named)
            base, named, key = "", [], ""
        elif key and indent > depth:
            named.append(_unquoted(text.removeprefix("- ")))
        elif colon:
            key, depth = (name, indent) if name in _KEYS else ("", 0)
            if name == "base_path":
                base = _unquoted(value)
            elif key and value.strip() not in ("", "|", ">", "|-"):
                named.append(_unquoted(value))


def _unquoted(value: str) -> str:
    return value.strip().strip("'\"")


def _resolved(beside: Path, base: str, path: str) -> Path:
    def expanded(text: str) -> str:
        return os.path.expandvars(os.path.expanduser(text))

    if "\0" in base + path:
        raise ValueError("no path")
    return Path(os.path.normpath(beside / expanded(base) / expanded(path)))
