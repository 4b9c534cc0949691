"""A thing of another picture stands in what is marked, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nti_desktop.core.errors import Cancelled, RecipeError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.image_prompts import pixels_of, prompt_of
from nti_desktop.engine.methods import reference
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task
from nti_desktop.engine.methods.reference import FILLS, composed, filled
from nti_desktop.engine.model.diffusion_model import DiffusionModel, counted_rows
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS
from nti_desktop.photo.frame import Area
from nti_desktop.photo.raster import Raster
from nti_desktop.recipe.image_prompt import SIDE, ImagePrompt
from nti_desktop.recipe.methods import METHODS, Method
from nti_desktop.recipe.outlines import inside, rectangle
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordRef
from nti_desktop.recipe.structure import PASTED, settled
from tests.engine.trials import EDIT, prepared, some_latents

STEPS = 10
PLACE = rectangle(0.25, 0.25, 0.75, 0.75)


def ball(side: int = 300) -> Raster:
    """A red ball before a grey wall; it touches the sides of the square in the middle, a third as large."""
    down, across = np.mgrid[:side, :side] / side - 0.5
    red = (down**2 + across**2 < 1 / 36)[..., None]
    return Raster(np.where(red, (200, 30, 30), (120, 120, 120)).astype(np.uint8))


def shown() -> ImagePrompt:
    return prompt_of(ball(), "", Area(100, 100, 100, 100))


@pytest.fixture(scope="module")
def photo(prototype: DiffusionModel) -> Prepared:
    return prepared(prototype, latents=some_latents(), steps=STEPS)


def asked(photo: Prepared, **said: object) -> EditRecipe:
    recipe = EditRecipe(EDIT, automatic=True, within=(PLACE,), image_prompt=shown())
    return replace(recipe, automatic=False, **said) if said else recipe


def edited(
    model: DiffusionModel,
    photo: Prepared,
    recipe: EditRecipe,
    visits: int | None = None,
    cancel: CancelToken | None = None,
) -> Edit:
    task = Task(model, photo, None, recipe, visits, pixels_of(shown()), cancel=cancel or CancelToken())
    return reference.render(task)


def test_the_photo_stays_as_it_is_outside_what_is_marked(prototype: DiffusionModel, photo: Prepared) -> None:
    edit = edited(prototype, photo, asked(photo))
    height, width = photo.photo.shape[-2:]
    near = inside((rectangle(0.15, 0.15, 0.85, 0.85),), height, width)
    changed = (edit.latents != photo.photo).any(1)[0].numpy()
    assert changed.any()
    assert not changed[~near].any()
    assert torch.equal(edited(prototype, photo, asked(photo)).latents, edit.latents)


def test_unguided_and_held_all_the_way_the_thing_of_the_picture_is_drawn(
    prototype: DiffusionModel, photo: Prepared
) -> None:
    held = asked(photo, guidance_scale=1.0, cross_until=1.0, self_until=1.0, self_limit=1.0)
    edit = edited(prototype, photo, held)
    picture = prototype.decode(edit.latents)
    own = (prototype.decode(photo.photo) * 255).round().astype(np.uint8)
    marked = inside((PLACE,), *own.shape[:2])
    laid = composed(own, marked, pixels_of(shown()), shown().part or (0, 0, SIDE, SIDE))
    wanted = prototype.decode(prototype.encode(laid.picture))
    thing = laid.thing > 0.9
    off, off_photo = (np.abs(picture - other)[thing].mean() for other in (wanted, own / 255))
    assert off < 0.6 * off_photo


def test_rows_are_those_of_reading_the_composition_and_two_for_each_step(
    prototype: DiffusionModel, photo: Prepared
) -> None:
    for visits, levels in ((None, 9), (4, 4)):
        with counted_rows(prototype) as counted:
            edited(prototype, photo, asked(photo), visits)
        assert counted.rows == levels + 2 * levels


def test_a_cancel_is_heeded(prototype: DiffusionModel, photo: Prepared) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        edited(prototype, photo, asked(photo), cancel=cancel)


def test_its_windows_and_its_guidance_are_its_own_unless_said_by_hand(photo: Prepared) -> None:
    own = settled(asked(photo), photo.settings, STUDIO_DEFAULTS)
    assert (own.cross_until, own.self_until, own.guidance_scale) == (PASTED.cross, PASTED.itself, 4.0)
    by_hand = asked(photo, cross_until=0.1, guidance_scale=2.0)
    assert settled(by_hand, photo.settings, STUDIO_DEFAULTS) == by_hand
    assert (
        settled(asked(photo), replace(photo.settings, method=Method.RESAMPLE), STUDIO_DEFAULTS).guidance_scale is None
    )


def test_it_is_offered_by_the_ways_that_follow_words_along_the_photos_own_path() -> None:
    lay = {method for method, row in METHODS.items() if row.lays}
    assert lay == {Method.NULL_TEXT, Method.PINNED, Method.RESIDUAL, Method.FLOWEDIT, Method.NEGATIVE_PROMPT}
    assert {method for method, row in METHODS.items() if row.takes_pictures} == {*lay, Method.INPAINT}


def test_its_rows_are_what_is_foretold(prototype: DiffusionModel, photo: Prepared) -> None:
    with counted_rows(prototype) as counted:
        edited(prototype, photo, asked(photo))
    calls = Method.RESIDUAL.row.calls_of_edit(asked(photo), STEPS)
    assert counted.rows == pytest.approx(calls.rows, rel=0.1)
    assert Method.RESIDUAL.row.calls_of_edit(replace(asked(photo), image_prompt=None), STEPS).rows == 2 * STEPS


def test_what_is_marked_says_where_and_no_word(photo: Prepared) -> None:
    blended = asked(photo, blend=Blend((WordRef(Side.EDIT, 5, "ball"),)))
    assert settled(blended, photo.settings, STUDIO_DEFAULTS).blend is None
    assert settled(replace(blended, image_prompt=None), photo.settings, STUDIO_DEFAULTS).blend == blended.blend


def striped() -> NDArray[np.uint8]:
    """A photo with a green box in the middle, before a wall that gets darker to the right."""
    photo = np.repeat(np.linspace(240, 60, 128)[None, :, None], 128, 0).repeat(3, 2)
    photo[48:80, 48:80] = (0, 160, 0)
    return photo.astype(np.uint8)


def test_the_thing_stands_at_the_foot_of_the_place_and_what_stood_there_gives_way() -> None:
    photo, marked = striped(), np.zeros((128, 128), np.bool_)
    marked[40:88, 32:96] = True
    made = composed(photo, marked, pixels_of(shown()), shown().part or (0, 0, SIDE, SIDE))
    rows, columns = (np.flatnonzero((made.thing > 0.5).any(axis)) for axis in (1, 0))
    assert len(rows) == pytest.approx(FILLS * 48, abs=3)
    assert len(columns) == pytest.approx(FILLS * 48, abs=3)
    assert rows[-1] == pytest.approx(88 - (1 - FILLS) / 2 * 48, abs=2)
    assert (columns[0] + columns[-1]) / 2 == pytest.approx(63.5, abs=1.5)
    red = made.picture[60:70, 60:68].reshape(-1, 3).mean(0)
    assert red[0] > 180
    assert red[1] < 60
    untouched = ~made.changed
    assert np.array_equal(made.picture[untouched], photo[untouched])
    assert not made.changed[~marked].any()
    green = (made.picture[..., 1].astype(int) - made.picture[..., 0]) > 60
    assert not green.any(), "the box has given way"


def test_a_hole_is_filled_evenly_from_around() -> None:
    photo = (striped() / np.float32(255)).astype(np.float32)
    hole = np.zeros((128, 128), np.bool_)
    hole[44:84, 44:84] = True
    whole = filled(photo, hole)
    assert np.array_equal(whole[~hole], photo[~hole])
    wall = np.repeat(np.linspace(240, 60, 128)[None, :], 128, 0) / 255
    assert np.abs(whole[hole].mean(-1) - wall[hole]).max() < 0.15
    everywhere = np.ones((128, 128), np.bool_)
    assert np.array_equal(filled(photo, everywhere), photo)


def test_too_little_marked_or_nothing_in_the_picture_is_one_sentence() -> None:
    nothing = np.zeros((128, 128), np.bool_)
    picture, part = pixels_of(shown()), shown().part or (0, 0, SIDE, SIDE)
    with pytest.raises(RecipeError, match="Too little of the photo is marked"):
        composed(striped(), nothing, picture, part)
    with pytest.raises(RecipeError, match="Nothing stands out in the picture"):
        composed(striped(), ~nothing, np.full((SIDE, SIDE, 3), 90, np.uint8), part)


def test_a_thing_may_leave_the_photo_where_the_place_does() -> None:
    marked = np.zeros((128, 128), np.bool_)
    marked[100:, 110:] = True
    made = composed(striped(), marked, pixels_of(shown()), shown().part or (0, 0, SIDE, SIDE))
    assert made.picture.shape == (128, 128, 3)
    assert (made.thing > 0.5).any()


def test_a_small_thing_is_laid_into_a_large_place_without_scaling_all_of_its_picture() -> None:
    picture = np.full((SIDE, SIDE, 3), 90, np.uint8)
    picture[100:116, 100:116] = (200, 30, 30)
    marked = np.ones((1024, 1024), np.bool_)
    made = composed(np.full((1024, 1024, 3), 120, np.uint8), marked, picture, (92, 92, 124, 124))
    rows = np.flatnonzero((made.thing > 0.5).any(1))
    assert len(rows) == pytest.approx(FILLS * 1024, rel=0.1)


def test_the_narrow_tip_of_a_hole_takes_the_colours_beside_it() -> None:
    """Not those of the bright ground at its broad foot."""
    photo = np.full((128, 128, 3), 0.2, np.float32)
    photo[64:] = 0.9
    down, across = np.mgrid[:128, :128]
    hole = (down >= 20) & (down < 100) & (np.abs(across - 64) <= (down - 20) * 0.4)
    found = filled(np.where(hole[..., None], np.float32(0.5), photo), hole)
    tip = hole & (down < 44)
    assert np.abs(found[tip] - 0.2).max() < 0.04  # .056 without evening out
