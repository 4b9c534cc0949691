"""What is said of a contest: ratios of times, what recovers the truth, what is missing; in words, tables, pictures."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, find_model
from nti_desktop.recipe.jobs import ModelFiles
from nti_desktop.recipe.methods import Method
from tests.benchmarks import __main__ as command
from tests.benchmarks.contestants import (
    EXACT,
    FIRST,
    FROZEN,
    LATER,
    NEGATIVE_PROMPT,
    NULL_TEXT_EDIT,
    PLAIN,
    PREPARATION,
    PREVIEW,
    PUBLISHED,
    REFERENCE,
)
from tests.benchmarks.costs import Cost, Outcome, standings
from tests.benchmarks.gaps import by_doing
from tests.benchmarks.methods import measure_methods
from tests.benchmarks.page import LARGEST, write_page
from tests.benchmarks.picture import draw, edit_points, inversion_points
from tests.benchmarks.speed import AS_PUBLISHED, EDITS, INVERSIONS
from tests.benchmarks.start import measure_start
from tests.benchmarks.summary import summarised
from tests.benchmarks.table import table
from tests.benchmarks.truth import Truth, Way, measure_truth, rounds_of, ways
from tests.figures import running
from tests.figures.answers import Answer
from tests.figures.measuring import Measurement, Places
from tests.figures.running import Runner, Subject
from tests.figures.tables import plain

pytestmark = pytest.mark.slow

PROTOTYPE = Path(__file__).parents[0] / "data" / "prototype"
BLACK = np.zeros((2, 2, 3), np.float32)
WAYS = ways(replace(STUDIO_DEFAULTS, steps=20))


def cost(rows: int, *seconds: float, picture: float = 0.0, psnr: float | None = None) -> Cost:
    return Cost(Outcome(BLACK + picture, psnr, None if psnr is None else rows), rows, seconds)


def answer_without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "measure", answer_at_once)
    monkeypatch.setattr(running, "Editor", lambda files, world: None)
    monkeypatch.setattr(running, "_editors", {})  # whose content would outlive the test


def speed_section() -> dict[str, Any]:
    """As measured: everybody took a second, but for some."""
    taken = {
        PUBLISHED: (9.0, 8.0, 90.0),
        FROZEN: (6.0,),
        NEGATIVE_PROMPT: (3.0, 3.0, 0.1),
        LATER: (2.0,),
        PREVIEW: (0.5,),
    }
    rows = {PUBLISHED: 900, NEGATIVE_PROMPT: 300}
    contests = {
        INVERSIONS: (PUBLISHED, FROZEN, REFERENCE, NEGATIVE_PROMPT, PREPARATION),
        EDITS: (PUBLISHED, PLAIN, EXACT, LATER, FIRST, PREVIEW, NULL_TEXT_EDIT),
        AS_PUBLISHED: (PUBLISHED, FROZEN, REFERENCE, NEGATIVE_PROMPT),
    }
    found = {
        contest: standings(
            [{n: cost(rows.get(n, 100), *taken.get(n, (1.0,)), psnr=None if contest == EDITS else 40.0) for n in names}]
        )
        for contest, names in contests.items()
    }
    facts = {"device": "processor", "threads": 1, "torch": "2", "load": 0.0, "size": 64, "published_steps": 50}
    facts |= {"defaults": plain(STUDIO_DEFAULTS), "rounds": 3, "photos": ["colour 1"]}
    section: dict[str, Any] = json.loads(json.dumps({**facts, "contests": plain(found)}))
    return section


def outcome(recovered: float) -> dict[str, float | None]:
    return {"recovered": recovered, "outside": 30.0, "verdict": 1.0, "sharpness": 1.0}


def answer_at_once(editor: object, measurement: Measurement, places: Places) -> Answer:
    """Every way recovers a little more than the one before; a scene a little more than the one before."""
    if measurement.figure == "visible":
        return {"truth": {"visible": 1.0}}
    assert measurement.settings is not None
    number = [(way.figure, way.settings) for way in WAYS].index((measurement.figure, measurement.settings))
    return {WAYS[number].key: outcome(number / 10 + measurement.seed % 10 / 100)}


def truth_section(scenes: int = 1) -> dict[str, Any]:
    with Runner(Subject(ModelFiles(PROTOTYPE), "none")) as runner:
        *_, last = measure_truth(runner, WAYS, scenes, ("colour", "sky"))
    section: dict[str, Any] = json.loads(json.dumps(plain(last)))
    return section


def test_speed_ups_are_ratios_of_medians() -> None:
    bench = summarised({"speed": speed_section()})
    assert bench["negative_prompt_speedup"] == 3.0
    assert bench["negative_prompt_speedup_frozen"] == 2.0
    assert bench["negative_prompt_row_ratio"] == 3.0
    assert bench["preparation_speedup"] == 9.0
    assert bench["edit_speedup"] == 4.5
    assert bench["preview_speedup"] == 18.0
    assert not bench["preview_speedup_is_on_screen"]
    assert bench["at_published_guidance"]["reference_schedule_speedup"] == 9.0


def test_what_is_seen_in_the_window_goes_before_what_was_rendered_without_it() -> None:
    screen = {"seconds": [1.0], "median": 1.0, "badge": ""}
    bench = summarised({"speed": speed_section(), "screen": screen})
    assert (bench["preview_speedup"], bench["preview_render_speedup"]) == (9.0, 18.0)
    assert bench["preview_speedup_is_on_screen"]


def test_what_was_not_measured_is_null_and_said() -> None:
    bench = summarised({})
    numbers = [n for n in bench if "speedup" in n and n != "preview_speedup_is_on_screen"] + [
        "negative_prompt_row_ratio"
    ]
    assert len(numbers) == 13
    for name in (
        *numbers,
        "recovered_truth",
        "speed",
        "start",
        "screen",
        "memory",
        "full_size",
        "memory_estimate",
        "truth",
    ):
        assert bench[name] is None, name
    assert set(bench["at_full_size"].values()) == set(bench["at_published_guidance"].values()) == {None}
    text = table(bench)
    assert "recovered truth: not measured" in text
    assert "not measured (no CUDA device)" in text


def test_the_table_and_the_picture_show_everyone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_without_a_model(monkeypatch)
    memory = {"of": "resident memory", "steps": None, "peaks": {PUBLISHED: 5_000_000, NEGATIVE_PROMPT: None}}
    bench = summarised({"speed": speed_section(), "memory": memory, "truth": truth_section()})
    text = table(bench)
    for name in (
        PUBLISHED,
        FROZEN,
        REFERENCE,
        NEGATIVE_PROMPT,
        PREPARATION,
        PLAIN,
        EXACT,
        LATER,
        FIRST,
        PREVIEW,
        NULL_TEXT_EDIT,
    ):
        assert f"\n{name} " in text
    points = {point.name: point for point in edit_points(bench)}
    assert points[FIRST].fidelity == points[LATER].fidelity == pytest.approx(0.2)
    assert {point.name for point in inversion_points(bench)} == set(bench["speed"]["contests"][INVERSIONS])
    assert draw(bench, tmp_path / "bench.png")
    assert not draw(summarised({}), tmp_path / "none.png")
    assert [file.name for file in tmp_path.iterdir()] == ["bench.png"]


def test_the_truth_comes_in_rounds_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_without_a_model(monkeypatch)
    assert rounds_of(64) == [1, 4, 16, 32, 64]
    assert rounds_of(5) == [1, 4, 5]

    def rounds() -> Iterator[Truth]:
        return measure_truth(
            Runner(Subject(ModelFiles(PROTOTYPE), "w"), file=tmp_path / "a.jsonl"), WAYS, 4, ("colour", "sky")
        )

    first = next(rounds())  # and then it is interrupted
    assert first.scenes == 1
    asked: list[Measurement] = []

    def measure(editor: object, measurement: Measurement, places: Places) -> Answer:
        asked.append(measurement)
        return answer_at_once(editor, measurement, places)

    monkeypatch.setattr(running, "measure", measure)
    again, more = rounds()
    assert again == first
    assert len([m for m in asked if m.figure != "visible"]) == 2 * 3 * len(WAYS)
    assert more.ways[LATER]["all"].mean.scenes == 8
    assert PUBLISHED not in more.differences
    assert more.differences[PREVIEW]["sky"].mean == pytest.approx(0.3)


def test_every_way_has_the_settings_it_is_named_for() -> None:
    found: dict[str, Way] = {way.name: way for way in WAYS}
    assert (found[PUBLISHED].settings.steps, found[PUBLISHED].settings.method) == (50, Method.NULL_TEXT)
    assert (found[EXACT].settings.steps, found[EXACT].settings.method) == (50, STUDIO_DEFAULTS.method)
    assert (found[LATER].settings.steps, found[NULL_TEXT_EDIT].settings.steps) == (20, 20)


def test_other_sections_stay_unless_model_or_defaults_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bench.json"
    monkeypatch.setattr(command, "measure_speed", lambda *_: speed_section())
    monkeypatch.setattr(command, "measure_screen", lambda _: {"seconds": [1.0], "median": 1.0, "badge": "Preview"})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    command.main(["--out", str(out), "--only", "speed"])
    command.main(["--out", str(out), "--only", "screen"])
    bench = json.loads(out.read_text())
    assert bench["preview_speedup"] == 9.0
    assert "until a preview is shown: 1.000 s" in capsys.readouterr().out
    monkeypatch.setattr(command, "fingerprint", lambda _: "of other weights")
    command.main(["--out", str(out), "--only", "screen"])
    assert json.loads(out.read_text())["speed"] is None


def test_the_table_tells_how_long_the_window_takes_beside_an_empty_one() -> None:
    start = {"seconds": [1.0, 1.5], "median": 1.25, "bare": [0.5, 0.5], "bare_median": 0.5, "torch": False}
    text = table(summarised({"start": start}))
    assert "1.25 s, an empty window of Qt: 0.50 s, ratio 2.5, medians of 2 starts; torch is not loaded then" in text


def test_the_programs_own_window_is_painted_before_torch_is_loaded() -> None:
    found = measure_start(1)
    assert len(found.seconds) == len(found.bare) == 1
    assert not found.torch


def test_a_gap_belongs_to_what_was_done_when_it_ended() -> None:
    ticks = [0.0, 0.002, 0.004, 1.004, 1.006, 1.108]
    found = by_doing(ticks, {"open": 0.003, "edit": 1.1})
    assert found["open"].worst == pytest.approx(998)
    assert found["edit"].worst == pytest.approx(100)
    assert found["all"].worst == pytest.approx(998)
    assert found["all"].median == pytest.approx(50)


def test_the_table_tells_what_is_left_without_the_control() -> None:
    late = {"median": 0.1, "most_of_100": 9.0, "most_of_1000": 40.0, "worst": 90.0}
    control = {"median": 0.1, "most_of_100": 8.0, "most_of_1000": 35.0, "worst": 95.0}
    growth = {"edits": 500, "settled": 100, "resident": [760.0, 770.0], "slope": 0.0123, "kinds": {}}
    text = table(summarised({"gaps": {"window": {"all": late}, "control": {"all": control}}, "growth": growth}))
    assert "40.0 (+5.0)" in text
    assert "90.0 (-5.0)" in text
    assert "0.012 MB, of the last 400 of 500 edits, 770 MB in the end" in text


def made_at_once(editor: object, measurement: Measurement, places: Places) -> Answer:
    """A method recovers as many tenths as its name is long."""
    if measurement.figure == "visible":
        return {"truth": {"visible": 1.0}}
    assert measurement.settings is not None
    way = str(measurement.settings.method)
    costs = {"preparing": 1.0, "preparing rows": 10.0, "editing": 0.5, "editing rows": 5.0, "stored": 2000.0}
    return {way: outcome(len(way) / 10) | costs}


def test_every_method_is_measured_on_every_kind_of_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_without_a_model(monkeypatch)
    monkeypatch.setattr(running, "measure", made_at_once)
    entry = find_model(str(PROTOTYPE))
    *_, found = measure_methods([entry], 2, 0, tmp_path / "a.jsonl", kinds=("pose", "sky"))
    assert set(found.recovered) == {str(method) for method in entry.methods}
    assert found.recovered["edict"]["pose"].mean.mean == pytest.approx(0.5)
    assert found.recovered["edict"]["all"].mean.scenes == 4
    assert found.costs["residual"].stored == 2000
    text = table(summarised({"methods": json.loads(json.dumps(plain(found)))}))
    assert re.search(r"^edict +0\.50 100% +0\.50 100%", text, re.MULTILINE)
    assert re.search(r"^residual +1\.00 +10 +0\.50 +5 +2$", text, re.MULTILINE)
    *_, some = measure_methods([entry], 1, 0, tmp_path / "b.jsonl", kinds=("sky",), methods=("edict", "pinned"))
    assert {way: set(kinds) for way, kinds in some.recovered.items()} == {
        way: {"sky", "all"} for way in ("edict", "pinned")
    }


def test_the_page_says_what_was_measured_and_shows_the_same_scenes_by_all_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_without_a_model(monkeypatch)
    monkeypatch.setattr(running, "measure", made_at_once)
    entry, strips, page = find_model(str(PROTOTYPE)), tmp_path / "methods", tmp_path / "help"
    *_, found = measure_methods([entry], 2, 0, tmp_path / "a.jsonl", kinds=("pose", "sky"))
    strips.mkdir()
    for name in (name for kinds in found.shown.values() for name in kinds.values()):
        noise = np.random.default_rng(0).integers(0, 256, (128, 3 * 128, 3), np.uint8)  # no JPEG gets larger
        Image.fromarray(noise).save(strips / name)
    text = write_page(json.loads(json.dumps(plain(found))), strips, page).read_text("utf-8")
    for method in entry.methods:
        best = " Comes nearest here for: pose, sky." if method is Method.NEGATIVE_PROMPT else ""
        assert text.count(f"{method.row.sentence}{best}\n") == 1
    heads, row = (next(line for line in text.splitlines() if line.startswith(start)) for start in ("|  |", "| sky |"))
    cells = dict(zip(heads.split(" | "), row.split(" | "), strict=True))
    assert cells[Method.EDICT.row.title] == "0.50, 100%"
    assert cells[Method.NEGATIVE_PROMPT.row.title] == "**1.50**, 100%"  # of the longest name
    assert f"| {Method.RESIDUAL.row.title} | 1.0 s | 10 | 0.5 s | 5 | 2 kB |" in text
    assert (page / "methods.jpg").stat().st_size <= LARGEST
    with Image.open(page / "methods.jpg") as sheet:
        assert sheet.width > sheet.height
