"""The table of methods: complete, and true to what the engine does."""

import json

import pytest

from nti_desktop.cli import main
from nti_desktop.recipe.methods import METHODS, Method
from nti_desktop.recipe.settings import EditDefaults, InversionSettings, Schedule, name_of


def test_every_method_has_a_row_and_null_text_is_the_first() -> None:
    assert set(METHODS) == set(Method)
    assert next(iter(METHODS)) is Method.NULL_TEXT
    assert all(method is row.method for method, row in METHODS.items())


def test_what_other_models_get_has_the_best_published_figures() -> None:
    published = {method: row.published for method, row in METHODS.items() if row.published}
    best = published[EditDefaults().method]
    assert Method.RESIDUAL not in published
    assert all(best.psnr >= other.psnr and best.lpips <= other.lpips for other in published.values())
    assert all(best.clip >= other.clip for other in published.values())


@pytest.mark.parametrize(
    ("method", "schedule", "inner_steps", "name"),
    [
        (Method.NULL_TEXT, Schedule.REFERENCE, 300, "null-text (published)"),
        (Method.NULL_TEXT, Schedule.QUICK, 12, "null-text (quick)"),
        (Method.NULL_TEXT, Schedule.QUICK, 0, "negative-prompt"),
        (Method.RESIDUAL, Schedule.QUICK, None, "residual"),
        (Method.PINNED, Schedule.REFERENCE, None, "pinned"),
    ],
)
def test_a_preparation_is_named_for_what_ran(
    method: Method, schedule: Schedule, inner_steps: int | None, name: str
) -> None:
    assert name_of(InversionSettings("a ball", method, schedule=schedule), inner_steps) == name


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["method"] for row in found["methods"]] == list(METHODS)
    assert main(["methods"]) == 0
    said = capsys.readouterr().out
    for row in METHODS.values():
        assert row.sentence in said
        assert row.source in said
        assert row.published is None or str(row.published) in said


def test_a_schedule_beside_another_method_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["invert", "missing.jpg", "--prompt", "a ball", "--schedule", "published", "--method", "pinned"]
    assert main(asked) == 2
    assert "belongs to null-text" in capsys.readouterr().err


def test_rows_of_preparing_are_those_of_each_step_and_those_of_once() -> None:
    for row in METHODS.values():
        assert row.rows_of_preparing(0) == row.once_rows
        assert row.rows_of_preparing(7) == row.once_rows + 7 * row.preparing_rows
