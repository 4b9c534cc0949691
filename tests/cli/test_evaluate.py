"""A published benchmark from the command line: small folders in the published layouts, the built-in model."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import BUILT_IN, BUILT_IN_ID, STUDIO_DEFAULTS, built_in
from tests.cli.conftest import Terminal
from tests.evaluation.benchmarks import write_pie_bench, write_tedbench
from tests.instruct_models import make_orders_model


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "found" / "pie.jsonl"


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(STUDIO_DEFAULTS, steps=3, few_steps=True)
    monkeypatch.setitem(BUILT_IN, BUILT_IN_ID, replace(BUILT_IN[BUILT_IN_ID], defaults=few))


@pytest.fixture
def pie_bench(tmp_path: Path) -> Path:
    return write_pie_bench(tmp_path / "pie")


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.usefixtures("few_steps")
def test_every_case_is_measured_once_and_the_table_stands_beside_the_papers(
    pie_bench: Path, out: Path, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = ("--method", "residual", "--method", "resample")
    asked = ("evaluate", "pie-bench", pie_bench, *methods, "--out", out, "--pictures", tmp_path / "seen")
    code, said, heard = terminal.run(*asked)
    assert code == 0, heard
    assert "Left out, as they are not in --judges: clip-vit-large-patch14, dino-vitb8, lpips-squeeze" in heard
    assert "published: null-text" in said
    assert "27.03" in said
    found = lines(out)
    assert len(found) == 4
    assert {line["method"] for line in found} == {"residual", "resample"}
    assert all(line["figures"]["psnr"] > 10 for line in found)  # type: ignore[index]
    assert len(list((tmp_path / "seen").rglob("*.png"))) == 4

    def never(*_: object) -> None:
        raise AssertionError("what is known is not measured again")

    monkeypatch.setattr(EngineService, "invert", never)
    with out.open("a") as stream:
        stream.write('{"benchmark": "pie-b')  # torn
    code, _, heard = terminal.run(*asked, "--json")
    assert code == 0, heard
    assert len(out.read_text().splitlines()) == 5


@pytest.mark.slow
def test_the_residual_keeps_more_of_what_may_not_change_than_drawing_anew(
    pie_bench: Path, out: Path, terminal: Terminal
) -> None:
    methods = ("--method", "residual", "--method", "resample")
    code, said, _ = terminal.run("evaluate", "pie-bench", pie_bench, *methods, "--out", out, "--cases", 1, "--json")
    assert code == 0
    means = json.loads(said)["means"]
    assert means["residual"]["psnr"] > means["resample"]["psnr"] + 3
    assert means["residual"]["ssim"] > means["resample"]["ssim"]
    assert means["residual"]["seconds"] > 0


@pytest.mark.slow
def test_orders_come_from_the_benchmark(pie_bench: Path, out: Path, tmp_path: Path, terminal: Terminal) -> None:
    model = make_orders_model(built_in().files.folder, tmp_path / "orders")
    code, said, heard = terminal.run(
        "evaluate", "pie-bench", pie_bench, "--model", model, "--cases", 1, "--out", out, "--json"
    )
    assert code == 0, heard
    assert list(json.loads(said)["means"]) == ["instruct"]
    (line,) = lines(out)
    assert line["rows"] == (3 + 3) * 50  # of the order, and once of the photo
    code, said, _ = terminal.run(
        "evaluate", "tedbench", write_tedbench(tmp_path / "ted"), "--model", model, "--out", out
    )
    assert code == 1
    assert "says no order" in said


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
def test_tedbench_needs_no_mask(tmp_path: Path, out: Path, terminal: Terminal) -> None:
    folder = write_tedbench(tmp_path / "ted")
    code, said, heard = terminal.run("evaluate", "tedbench", folder, "--cases", 1, "--out", out)
    assert code == 0, heard
    assert "TEDBench" in said
    assert "published" not in said


@pytest.mark.slow
@pytest.mark.usefixtures("few_steps")
def test_a_picture_that_is_not_there_costs_its_own_case_only(pie_bench: Path, out: Path, terminal: Terminal) -> None:
    next((pie_bench / "annotation_images").rglob("*000.png")).unlink()
    code, said, _ = terminal.run("evaluate", "pie-bench", pie_bench, "--method", "residual", "--out", out)
    assert code == 1
    assert "000000000000, residual: " in said
    assert len(lines(out)) == 2


@pytest.mark.usefixtures("few_steps")
def test_what_failed_is_measured_again_once_it_can_be(pie_bench: Path, out: Path, terminal: Terminal) -> None:
    picture = next((pie_bench / "annotation_images").rglob("*000.png"))
    away = picture.replace(pie_bench / "away.png")
    asked = ("evaluate", "pie-bench", pie_bench, "--cases", 1, "--out", out)
    for _ in range(2):
        assert "000000000000, flowedit: " in terminal.run(*asked)[1]
    assert len(lines(out)) == 1
    away.replace(picture)
    code, said, _ = terminal.run(*asked)
    assert (code, "does not exist" in said) == (0, False)
    assert ["error" in line for line in lines(out)] == [True, False]


@pytest.mark.usefixtures("few_steps")
def test_pictures_are_kept_of_what_was_measured_without(
    pie_bench: Path, out: Path, tmp_path: Path, terminal: Terminal
) -> None:
    asked = ("evaluate", "pie-bench", pie_bench, "--cases", 1, "--out", out)
    assert terminal.run(*asked)[0] == 0
    (taken := tmp_path / "taken").touch()
    assert "choose other --pictures" in terminal.run(*asked, "--pictures", taken)[2]
    assert all("figures" in line for line in lines(out))
    assert terminal.run(*asked, "--pictures", tmp_path / "seen")[0] == 0
    assert [path.name for path in (tmp_path / "seen").rglob("*.png")] == ["0000.png"]


def test_what_cannot_be_run_is_one_sentence(tmp_path: Path, pie_bench: Path, out: Path, terminal: Terminal) -> None:
    assert "name the folder" in terminal.refusal("evaluate", "pie-bench", tmp_path, "--out", out, code=1)
    wrong = terminal.refusal("evaluate", "pie-bench", pie_bench, "--method", "instruct", "--out", out, code=2)
    assert "is not edited by instruct" in wrong
    assert "cannot be written" in terminal.run("evaluate", "pie-bench", pie_bench, "--out", "/proc/nowhere/x")[2]
    assert "choose 1 or more" in terminal.refusal("evaluate", "pie-bench", pie_bench, "--cases", -1, code=2)


@pytest.mark.parametrize("holds", ['{"a case": {}}', "Notes\n"])
def test_what_is_no_evaluation_is_not_written_to(
    holds: str, pie_bench: Path, tmp_path: Path, terminal: Terminal
) -> None:
    (file := tmp_path / "mine.json").write_text(holds)
    assert "choose another --out" in terminal.run("evaluate", "pie-bench", pie_bench, "--out", file)[2]
    assert file.read_text() == holds
