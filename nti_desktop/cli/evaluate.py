"""nti-desktop evaluate: a published benchmark on the user's own data, with the user's own models."""

import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.cli.terminal import note, tell, watcher
from nti_desktop.core import disk
from nti_desktop.core.errors import PhotoError, RecipeError
from nti_desktop.core.progress import CancelToken
from nti_desktop.models.library.catalog import ModelEntry, find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.methods import Method

KEYS = ("benchmark", "model", "fingerprint", "case", "method", "judges")  # what a line is found by again
_BEGINS = f'{{"{KEYS[0]}": '  # what a line begins with
_NAME, _NUMBER = 42, 12  # characters

Line = dict[str, Any]  # of the file: what was asked, and what came of it


def run(options: Namespace, cancel: CancelToken) -> int:
    """Measure every case by every method, a line of the file for each. What the file holds is not measured again, but
    what failed, and what was kept no picture of where pictures are asked for.
    """
    from nti_desktop.engine.service import EngineService  # torch
    from nti_desktop.evaluation.judges import judges_in
    from nti_desktop.evaluation.measuring import measure
    from nti_desktop.evaluation.protocols import PROTOCOLS

    if options.cases is not None and options.cases < 1:
        raise RecipeError(f"{options.cases} cases cannot be measured; choose 1 or more.")
    protocol, entry = PROTOCOLS[options.benchmark], find_model(options.model)
    methods = _methods(options.method, entry)
    cases = protocol.cases(options.folder)[: options.cases]
    judges = judges_in(options.judges)
    if judges.missing:
        note([f"Left out, as they are not in --judges: {', '.join(judges.missing)}."])
    service, weights, report = EngineService(options.device), fingerprint(entry), watcher()
    asked = {"benchmark": options.benchmark, "model": entry.id, "fingerprint": weights}
    known = {json.dumps({name: line.get(name) for name in KEYS}): line for line in _read(options.out)}
    _write(options.out, "")  # so that nothing is measured that cannot be kept
    found: list[Line] = []
    for number, (case, method) in enumerate((case, method) for case in cases for method in methods):
        cancel.check()
        key = asked | {"case": case.name, "method": str(method), "judges": _there(judges.missing)}
        kept = None if options.pictures is None else options.pictures / method / f"{number // len(methods):04}.png"
        before = known.get(json.dumps({name: key[name] for name in KEYS}))
        if before is not None and "error" not in before and (kept is None or kept.exists()):
            found.append(before)
            continue
        picture = None
        try:
            outcome, picture = measure(case, entry, method, service, judges, report, cancel)
            line = key | {"kind": case.kind, "figures": dict(outcome.figures), "rows": outcome.rows}
        except (PhotoError, RecipeError) as error:
            line = key | {"kind": case.kind, "error": str(error)}
        if line != before:
            _append(options.out, line)
        if picture is not None and kept is not None:
            _keep(picture, kept)
        found.append(line)
    means = {str(method): _mean([line for line in found if line["method"] == method]) for method in methods}
    failed = [f"{line['case']}, {line['method']}: {line['error']}" for line in found if "error" in line]
    tell(
        [protocol.title, *_table(means, protocol.published), *failed],
        {"benchmark": options.benchmark, "model": entry.id, "cases": len(cases), "means": means, "failed": failed},
        options.json,
    )
    return 1 if failed else 0


def _methods(asked: Sequence[Method], entry: ModelEntry) -> Sequence[Method]:
    if unfit := [method for method in asked if method not in entry.methods]:
        raise RecipeError(f"“{entry.name}” is not edited by {unfit[0]}; choose one of {', '.join(entry.methods)}.")
    return tuple(dict.fromkeys(asked)) or (entry.defaults.method,)


def _there(missing: Sequence[str]) -> str:
    """Name the judges that were left out, so that what was measured without a judge is measured again with it; “all”
    when none was.
    """
    return f"without {', '.join(missing)}" if missing else "all"


def _read(file: Path) -> list[Line]:
    """Read the lines that earlier runs wrote; one that an interruption tore is left out, and ended so that the next
    line begins below it. Raises PhotoError when the file cannot be read, or holds something else.
    """
    lines: list[Line] = []
    try:
        text = disk.read_bytes(file).decode() if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise PhotoError(f"“{file}” cannot be read; choose another --out.") from error
    if not _BEGINS.startswith(text[: len(_BEGINS)]):
        raise PhotoError(f"“{file}” holds something else than an evaluation; choose another --out.")
    for row in text.splitlines():
        try:
            line = json.loads(row)
        except json.JSONDecodeError:
            continue
        if isinstance(line, dict):
            lines.append(line)
    if text and not text.endswith("\n"):
        _write(file, "\n")
    return lines


def _append(file: Path, line: Line) -> None:
    _write(file, json.dumps(line) + "\n")


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise PhotoError(f"“{file}” cannot be written ({error.strerror}); choose another --out.") from error


def _keep(picture: NDArray[np.uint8], file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file)
    except OSError as error:
        raise PhotoError(f"“{file}” cannot be written ({error.strerror}); choose other --pictures.") from error


def _mean(lines: Sequence[Line]) -> dict[str, float]:
    """The mean of every figure over the cases that have it, in the units that papers print."""
    from nti_desktop.evaluation.measuring import FIGURES

    means = {}
    for name, factor in FIGURES.items():
        values = [line["figures"][name] for line in lines if name in line.get("figures", {})]
        if values:
            means[name] = round(factor * float(np.mean(values)), 4)
    return means


def _table(means: Mapping[str, Mapping[str, float]], published: Mapping[str, Mapping[str, float]]) -> list[str]:
    from nti_desktop.evaluation.measuring import FIGURES

    heads = [f"{name} ×{factor:g}" if factor != 1 else name for name, factor in FIGURES.items()]
    lines = [f"{'':{_NAME}}" + "".join(f"{head:>{_NUMBER}}" for head in heads)]
    for way, figures in {**means, **{f"published: {name}": row for name, row in published.items()}}.items():
        cells = [f"{figures[name]:.2f}" if name in figures else "-" for name in FIGURES]
        lines.append(f"{way:{_NAME}}" + "".join(f"{cell:>{_NUMBER}}" for cell in cells))
    return lines
