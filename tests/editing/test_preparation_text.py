"""The sentence beside the Prepare button."""

from dataclasses import replace

import pytest

from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.preparation_text import DESCRIBE, Standing, completing_text, preparation_text
from nti_desktop.models.library.catalog import built_in
from nti_desktop.project.schema import FiguresRecord, InversionRecord, SettingsRecord
from nti_desktop.recipe.costs import Rates, Speeds
from nti_desktop.recipe.jobs import Figures, Measured
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.settings import InversionSettings

STUDIO = built_in()
HERE = Speeds(Rates(0.1, 0.2, 0.2))
KNOWN, STRANGE = (Estimates(Measured(psnr, HERE, "here")) for psnr in (40.0, 20.0))
TAKES = "Takes about 6 s on this computer."
PREPARED = InversionRecord(
    id="inversion",
    frame="frame",
    model=STUDIO.id,
    model_fingerprint="0" * 64,
    settings=SettingsRecord.of(InversionSettings("a red cube", Method.RESIDUAL)),
    figures=FiguresRecord.of(Figures(41.7, 15, 40.0)),
)
TOLD_LITTLE = PREPARED.model_copy(update={"figures": FiguresRecord.of(Figures(0.5, 15, 40.0, explained=0.0))})
NEW = Standing(STUDIO, (Method.RESIDUAL, 20), KNOWN, description="a red cube")
ORDERS = (Method.INSTRUCT, 20)
DONE = replace(NEW, inversion=PREPARED, up_to_date=True)
MISSING = "Say more of what the photo shows: what things are made of, what they stand on, the light;"


@pytest.mark.parametrize(
    ("standing", "text"),
    [
        (NEW, f"Needed once before words can change the photo. {TAKES}"),
        (replace(NEW, description=" "), DESCRIBE),
        (
            replace(NEW, description="a red cube" * 1000),
            "A sentence of 10000 letters is too long; shorten it to 2000, of which models read only the beginning.",
        ),
        (replace(NEW, description="", at_work=True), "Being prepared; you can go on writing the edit."),
        (replace(NEW, read_only="A newer program made it."), "A newer program made it."),
        (DONE, "Prepared in 42 s."),
        (replace(DONE, read_only="A newer program made it."), "Prepared in 42 s."),
        (replace(DONE, at_work=True), "Being prepared; you can go on writing the edit."),
        (replace(DONE, up_to_date=False, read_only="A newer program made it."), "A newer program made it."),
        (
            replace(DONE, up_to_date=False),
            f"The description has changed; prepare the photo again to use it. {TAKES}",
        ),
        (
            replace(DONE, up_to_date=False, new_area=True),
            f"Describe what the photo shows in this area, without its edits; then prepare it. {TAKES}",
        ),
        (
            replace(NEW, row=Method.INSTRUCT.row, way=ORDERS),
            "Nothing needs to be prepared: say what should become of the photo.",
        ),
        (replace(NEW, row=Method.INSTRUCT.row, way=ORDERS, at_work=True), ""),
        (replace(DONE, row=Method.INSTRUCT.row, way=ORDERS), ""),
        (replace(DONE, row=Method.INSTRUCT.row), f"Needed once before words can change the photo. {TAKES}"),
        (replace(DONE, row=Method.INSTRUCT.row, description=""), DESCRIBE),
    ],
)
def test_it_is_said_what_preparing_is_needed_for_or_how_it_came_out(standing: Standing, text: str) -> None:
    assert preparation_text(standing) == text


@pytest.mark.parametrize(
    ("standing", "text"),
    [
        (NEW, TAKES),
        (replace(NEW, estimates=Estimates(), measuring=True), "Measuring how long it takes here…"),
        (replace(NEW, estimates=Estimates()), ""),
    ],
)
def test_how_long_it_takes_is_said_once_it_is_measured(standing: Standing, text: str) -> None:
    assert preparation_text(standing) == f"Needed once before words can change the photo. {text}"


def test_what_the_description_lacks_is_said_of_photos_that_the_model_can_draw() -> None:
    told_little = replace(DONE, inversion=TOLD_LITTLE)
    for estimates in (KNOWN, Estimates()):
        said = preparation_text(replace(told_little, estimates=estimates))
        assert said.startswith(f"Prepared in a second. {MISSING}")
    assert preparation_text(replace(told_little, estimates=STRANGE)) == "Prepared in a second."


OFFER = "Let the model say more"


@pytest.mark.parametrize(
    ("standing", "offered"),
    [
        (NEW, True),
        (replace(NEW, estimates=Estimates()), True),
        (replace(NEW, description=" "), False),
        (replace(NEW, description="a red cube on sand at night"), False),
        (replace(NEW, description="a red cube on sand"), True),
        (replace(NEW, description="a red cube " * 300), False),
        (replace(NEW, at_work=True), False),
        (replace(NEW, read_only="A newer program made it."), False),
        (replace(NEW, row=Method.INSTRUCT.row, way=ORDERS), False),
        (replace(NEW, entry=replace(STUDIO, sees=Sees.PHOTO)), False),
        (DONE, False),
        (replace(DONE, inversion=TOLD_LITTLE), True),
        (replace(DONE, up_to_date=False), True),
    ],
)
def test_a_description_that_says_too_little_may_be_completed(standing: Standing, offered: bool) -> None:
    said = completing_text(standing)
    assert (said is not None) == offered
    assert said is None or said.startswith(OFFER)
    assert said is None or (", about" in said) == (standing.estimates.measured is not None)
