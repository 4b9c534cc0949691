"""The files and folders of a frozen program as NSIS lines that remove them: an uninstaller takes only what it brought.

python packaging/windows/removals.py dist/nti-desktop build/removals.nsh
"""

import sys
from pathlib import Path, PureWindowsPath


def main() -> int:
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    paths = sorted(folder.rglob("*"), reverse=True)  # what lies in a folder before the folder itself
    names = [str(PureWindowsPath(path.relative_to(folder))).replace("$", "$$") for path in paths]
    words = ["RMDir" if path.is_dir() else "Delete" for path in paths]
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = [f'{word} "$INSTDIR\\{name}"\n' for word, name in zip(words, names, strict=True)]
    target.write_text("".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
