"""What is written down of a run: a line a file, and a table of faults by kind and format."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.corpus.judging import Fault

# Those that are to be none, then what a person looks at.
TARGETS = ("uncaught", "crash", "hang", "memory", "wrong pixels", "tag lost", "export unequal")
TO_JUDGE = ("untrue refusal", "export refused", "other pixels, as noted", "colours filled in", "decoders differ")
_MOST_SHOWN = 12  # details of one kind
MOST_REFUSED = 0.05  # of valid photographs


@dataclass(frozen=True)
class Line:
    """One file. name: within the folder; form: of the file; outcome: "opened", "refused" or "failed"; is_valid: see
    Judged; differences: from other decoders, in levels of 255; witness: why nobody could say anything of it.
    """

    name: str
    form: str
    outcome: str
    is_valid: bool | None
    reason: str = ""
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    differences: dict[str, float] | None = None
    complaints: dict[str, str] | None = None
    witness: str = ""
    seconds: float = 0
    megabytes: int = 0


def to_json(line: Line) -> str:
    """One line of text."""
    return json.dumps(asdict(line), ensure_ascii=False)


def read_lines(path: Path) -> list[Line]:
    """The lines of earlier runs, without one that was cut short."""
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            stored = json.loads(text)
        except json.JSONDecodeError:
            continue
        faults = tuple(Fault(**fault) for fault in stored.pop("faults"))
        lines.append(Line(**{**stored, "faults": faults, "notes": tuple(stored["notes"])}))
    return lines


def table(lines: Sequence[Line]) -> str:
    """Markdown: the files with a fault of each kind, by format, then the details."""
    return "\n\n".join((_counts(lines), _summary(lines), *_details(lines))) + "\n"


def refused_share(lines: Iterable[Line]) -> tuple[int, int]:
    """How many valid photographs were refused, and how many there are."""
    valid = [line for line in lines if line.is_valid]
    return sum(line.outcome == "refused" for line in valid), len(valid)


def _counts(lines: Sequence[Line]) -> str:
    forms = sorted({line.form for line in lines})
    columns = ("format", "files", "opened", "compared", "valid refused", "other refused", *TARGETS, *TO_JUDGE)
    rows = [_row(form, [line for line in lines if line.form == form]) for form in forms]
    rows.append(_row("all", lines))
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (columns, ["---"] * len(columns), *rows))


def _row(form: str, lines: Sequence[Line]) -> list[object]:
    with_fault = Counter(kind for line in lines for kind in {fault.kind for fault in line.faults})
    valid_refused, _ = refused_share(lines)
    opened = sum(line.outcome == "opened" for line in lines)
    refused = sum(line.outcome == "refused" for line in lines)
    compared = sum(bool(line.differences) for line in lines)
    kinds = [with_fault[kind] for kind in (*TARGETS, *TO_JUDGE)]
    return [form, len(lines), opened, compared, valid_refused, refused - valid_refused, *kinds]


def _summary(lines: Sequence[Line]) -> str:
    refused, valid = refused_share(lines)
    share = f" ({refused / valid:.1%})" if valid else ""
    return f"{refused} of {valid} valid photographs were refused{share}. A file counts once in each kind of fault."


def _details(lines: Sequence[Line]) -> Iterable[str]:
    for kind in (*TARGETS, *TO_JUDGE):
        told = Counter(
            f"{fault.where}: {fault.detail}" if kind == "tag lost" else f"{line.name}, {fault.where}: {fault.detail}"
            for line in lines for fault in line.faults if fault.kind == kind
        )  # fmt: skip
        yield from _list(kind.capitalize(), told)
    reasons = Counter(
        f"{line.form}: {line.reason.replace(Path(line.name).name, '…')}"
        for line in lines
        if line.is_valid and line.reason
    )
    yield from _list("Valid photographs refused", reasons)
    yield from _list("Not judged", Counter(f"{line.name}: {line.witness}" for line in lines if line.witness))


def _list(title: str, told: Counter[str]) -> Iterable[str]:
    if told:
        shown = [f"- {times} × {what}" if times > 1 else f"- {what}" for what, times in told.most_common(_MOST_SHOWN)]
        more = [f"- and {len(told) - _MOST_SHOWN} more"] if len(told) > _MOST_SHOWN else []
        yield "\n".join((f"## {title}", "", *shown, *more))
