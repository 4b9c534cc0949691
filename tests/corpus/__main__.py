"""Run a folder of photos through the program, and write which faults it has, by kind and format.

Each file is opened, compared with Pillow's and ImageMagick's picture, exported unedited in every format, and read by
exiftool before and after, in child processes with limits. Beside the table lies a line of JSON for each file; those
that have a line are not tried again, so an interrupted run goes on where it stopped.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from nti_desktop.photo.reading.header import PICTURE_SUFFIXES, RAW_SUFFIXES
from tests.corpus.aside import Ended, Limits, loaded_before, run_aside
from tests.corpus.judging import Fault, Judged, judge
from tests.corpus.program import Processed, process
from tests.corpus.table import Line, read_lines, table, to_json

_FORMS = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WebP", ".heic": "HEIC",
    ".heif": "HEIC", ".hif": "HEIC", ".avif": "AVIF",
}  # fmt: skip


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("folder", type=Path, help="with photos, at any depth")
    parser.add_argument("--out", type=Path, help="the table; out/corpus/FOLDER.md by default, lines beside it")
    parser.add_argument("--seconds", type=float, default=300, help="that a file may take")
    parser.add_argument("--megabytes", type=int, default=6000, help="of memory that a file may take")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, and print the table."""
    options = parsed(arguments)
    out: Path = options.out or Path("out/corpus") / f"{options.folder.resolve().name}.md"
    out.parent.mkdir(parents=True, exist_ok=True)
    written = out.with_suffix(".jsonl")
    loaded_before("tests.corpus.judging")
    known = {line.name for line in read_lines(written)}
    limits = Limits(options.seconds, options.megabytes)
    with written.open("a", encoding="utf-8") as file:
        for path in photos(options.folder):
            name = path.relative_to(options.folder).as_posix()
            if name not in known:
                line = tried(path, name, limits)
                file.write(to_json(line) + "\n")
                file.flush()
                print(name, line.outcome, *sorted({fault.kind for fault in line.faults}), sep=" | ", flush=True)
    made = table(read_lines(written))
    out.write_text(made, encoding="utf-8")
    print(made)


def photos(folder: Path) -> Iterator[Path]:
    """Every file that has the ending of a picture, in a fixed order."""
    return (
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in {*PICTURE_SUFFIXES, *RAW_SUFFIXES} and path.is_file()
    )


def tried(path: Path, name: str, limits: Limits) -> Line:
    """Put one file through the program, then through those who judge."""
    form, is_raw = _FORMS.get(path.suffix.lower(), "raw"), path.suffix.lower() in RAW_SUFFIXES
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ended = run_aside(process, path, Path(folder), limits=limits)
        seconds = round(time.monotonic() - start, 1)
        if ended.fault:
            fault = Fault(ended.fault, "opening", ended.detail)
            return Line(name, form, "failed", None, faults=(fault,), seconds=seconds, megabytes=ended.megabytes)
        return _line(
            name, form, ended, run_aside(judge, path, Path(folder), ended.value, is_raw, limits=limits), seconds
        )


def _line(name: str, form: str, ended: Ended, witness: Ended, seconds: float) -> Line:
    processed: Processed = ended.value
    judged: Judged = Judged(None, (), {}, {}) if witness.fault else witness.value
    return Line(
        name,
        form,
        "opened" if processed.refused is None else "refused",
        judged.is_valid,
        processed.refused or "",
        processed.notes,
        judged.faults,
        dict(judged.differences),
        dict(judged.complaints),
        f"{witness.fault}: {witness.detail}" if witness.fault else "",
        seconds,
        ended.megabytes,
    )


if __name__ == "__main__":
    main()
