"""Pictures that an edit draws after: cut out, kept in the project, and read again with care."""

import json
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.core.errors import ModelError, PhotoError, RecipeError
from nti_desktop.editing.engine_jobs import check_marked
from nti_desktop.editing.image_prompts import (
    adapter_for,
    adapter_of,
    check_read_by,
    meant_of,
    pixels_of,
    prompt_of,
    square_around,
)
from nti_desktop.models.library.catalog import ModelEntry, built_in
from nti_desktop.photo.frame import Area
from nti_desktop.photo.raster import Raster
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.recipe.cutting_out import cut_out
from nti_desktop.recipe.image_prompt import MOST_CHARACTERS, SIDE, ImagePrompt, Part, image_prompt
from nti_desktop.recipe.jobs import Addition
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.outlines import rectangle
from nti_desktop.recipe.recipe import EditRecipe, asks_for_nothing
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.recipe.structure import fades

ADAPTER = "ip-adapter_sd15.safetensors"


def halves(width: int, height: int) -> Raster:
    """Red on the left, blue on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = pixels[:, width // 2 :, 2] = 255
    return Raster(pixels)


def encoded(kind: str, size: tuple[int, int]) -> bytes:
    data = BytesIO()
    Image.new("RGB", size, (200, 10, 10)).save(data, kind)
    return data.getvalue()


@pytest.mark.parametrize(
    ("area", "square"),
    [
        (None, Area(50, 0, 200, 200)),
        (Area(10, 20, 30, 50), Area(0, 20, 50, 50)),
        (Area(120, 90, 40, 40), Area(120, 90, 40, 40)),
        (Area(280, 150, 20, 50), Area(250, 150, 50, 50)),
        (Area(0, 0, 300, 10), Area(50, 0, 200, 200)),
    ],
)
def test_the_square_around_an_area_stays_within_the_picture(area: Area | None, square: Area) -> None:
    assert square_around(area, (300, 200)) == square


def test_a_part_of_a_photo_is_kept_as_a_small_square_and_comes_back() -> None:
    left = pixels_of(prompt_of(halves(300, 200), ADAPTER, Area(0, 0, 100, 100)))
    assert left.shape == (SIDE, SIDE, 3)
    assert left[..., 0].mean() > 250
    assert left[..., 2].mean() < 5
    both = pixels_of(prompt_of(halves(300, 200), ADAPTER)).astype(int)
    assert both[:, : SIDE // 2 - 8, 0].min() > 240
    assert both[:, SIDE // 2 + 8 :, 2].min() > 240
    with pytest.raises(PhotoError, match="leaves the picture to draw after, which has 300 × 200 pixels"):
        prompt_of(halves(300, 200), ADAPTER, Area(250, 0, 100, 100))


def test_a_project_holds_it() -> None:
    noise = Raster(np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8))
    recipe = EditRecipe("a mug", image_prompt=prompt_of(noise, ADAPTER), image_prompt_weight=0.7)
    text = RecipeRecord.of(recipe).model_dump_json()
    assert len(text) < MOST_CHARACTERS
    assert RecipeRecord.model_validate_json(text, strict=True).recipe() == recipe
    assert "image_prompt" in text
    assert "ADAPTER" not in repr(recipe)
    assert len(repr(recipe)) < 2000


@pytest.mark.parametrize(
    "data",
    ["", "%%%", "ä", "QUFBQQ==", "/9j/" + "A" * MOST_CHARACTERS],
    ids=["empty", "no base64", "no ASCII", "no JPEG", "too long"],
)
def test_what_is_no_picture_by_its_first_bytes_is_no_recipe(data: str) -> None:
    with pytest.raises(RecipeError, match="is damaged; choose it again"):
        ImagePrompt(data, ADAPTER)


@pytest.mark.parametrize("size", [(SIDE, SIDE - 1), (5000, 5000)])
def test_another_size_is_refused_before_its_pixels_are_read(size: tuple[int, int]) -> None:
    with pytest.raises(RecipeError, match="is damaged; choose it again"):
        pixels_of(image_prompt(encoded("JPEG", size), ADAPTER))


def test_flipped_bytes_raise_recipe_errors_only() -> None:
    whole = bytearray(encoded("JPEG", (SIDE, SIDE)))
    lot = np.random.default_rng(3)
    for _ in range(60):
        damaged = bytearray(whole)
        for place in lot.integers(3, len(whole), 5):
            damaged[place] = lot.integers(256)
        with suppress(RecipeError):
            assert pixels_of(image_prompt(bytes(damaged), ADAPTER)).shape == (SIDE, SIDE, 3)


def reading(*adapters: str) -> ModelEntry:
    """The built-in model, given these adapters."""
    entry = built_in()
    additions = tuple(Addition(Path(name), image_encoder=Path("encoder")) for name in adapters)
    return replace(entry, files=replace(entry.files, additions=additions))


def test_a_picture_is_read_by_the_adapter_that_it_was_chosen_for_and_by_no_other() -> None:
    shown = prompt_of(halves(300, 200), ADAPTER)
    assert adapter_of(reading(ADAPTER, "another.safetensors")) == ADAPTER
    check_read_by(reading(ADAPTER), shown)
    with pytest.raises(
        ModelError, match=r"“ip-adapter_sd15\.safetensors” reads, and .* has “another\.safetensors” now"
    ):
        check_read_by(reading("another.safetensors"), shown)
    with pytest.raises(ModelError, match="reads no pictures; give it an IP-Adapter"):
        check_read_by(reading(), shown)


@pytest.mark.parametrize(
    "area", [Area(-1, 0, 20, 20), Area(0, -1, 20, 20), Area(281, 0, 20, 20), Area(0, 181, 20, 20), Area(300, 200, 1, 1)]
)
def test_an_area_that_leaves_the_picture_on_any_side_is_refused(area: Area) -> None:
    with pytest.raises(PhotoError, match="leaves the picture to draw after"):
        prompt_of(halves(300, 200), ADAPTER, area)


def test_an_area_may_end_at_the_border_of_the_picture() -> None:
    for area in (Area(280, 180, 20, 20), Area(0, 0, 300, 200)):
        assert pixels_of(prompt_of(halves(300, 200), ADAPTER, area)).shape == (SIDE, SIDE, 3)


@pytest.mark.parametrize(
    ("area", "part"),
    [
        (Area(120, 80, 40, 40), (22, 22, 201, 201)),
        (Area(120, 80, 40, 20), (22, 67, 201, 156)),
        (Area(0, 0, 80, 80), (0, 0, 179, 179)),
        (Area(0, 0, 300, 200), (0, 0, SIDE, SIDE)),
        (Area(299, 199, 1, 1), (0, 0, SIDE, SIDE)),
        (None, None),
    ],
)
def test_a_thing_that_is_cut_out_is_kept_with_some_of_what_is_around_it(area: Area | None, part: Part | None) -> None:
    assert prompt_of(halves(300, 200), "", area).part == part
    assert prompt_of(halves(300, 200), ADAPTER, area).part is None


@pytest.mark.parametrize("area", [Area(40, 10, 220, 60), Area(0, 10, 299, 60), Area(10, 20, 280, 80)])
@pytest.mark.parametrize("upright", [False, True])
def test_a_thing_that_is_longer_than_the_picture_is_high_is_kept_whole(area: Area, upright: bool) -> None:
    pixels = np.full((100, 300, 3), 120, np.uint8)
    pixels[area.y + 5 : area.y + area.height - 5, area.x + 5 : area.x + area.width - 5] = (200, 30, 30)
    if upright:
        pixels, area = pixels.transpose(1, 0, 2).copy(), Area(area.y, area.x, area.height, area.width)
    shown = prompt_of(Raster(pixels), "", area)
    assert shown.part is not None
    left, top, right, bottom = shown.part
    assert (right - left) / (bottom - top) == pytest.approx(area.width / area.height, rel=0.05)
    thing = cut_out(pixels_of(shown), shown.part) > 0.5
    across, down = (np.ptp(np.flatnonzero(thing.any(axis))) + 1 for axis in (0, 1))
    assert across / down == pytest.approx((area.width - 10) / (area.height - 10), rel=0.1)


@pytest.mark.parametrize("part", [(-1, 0, 9, 9), (9, 0, 9, 9), (0, 9, 9, 8), (0, 0, SIDE + 1, 9), (0, 0, 9, SIDE + 1)])
def test_a_part_that_leaves_the_picture_is_no_recipe(part: Part) -> None:
    with pytest.raises(RecipeError, match="is damaged; choose it again"):
        replace(prompt_of(halves(300, 200), ""), part=part)


def test_a_project_holds_where_the_thing_is_and_older_ones_say_nothing_of_it() -> None:
    recipe = EditRecipe("a mug", image_prompt=prompt_of(halves(300, 200), "", Area(120, 80, 40, 40)))
    record = RecipeRecord.of(recipe).model_dump(mode="json")
    assert RecipeRecord.model_validate_json(json.dumps(record), strict=True).recipe() == recipe
    del record["image_prompt"]["part"]
    older = RecipeRecord.model_validate_json(json.dumps(record), strict=True).recipe().image_prompt
    assert older is not None
    assert older.part is None
    record["image_prompt"]["part"] = [0, 0, SIDE + 1, 5]
    with pytest.raises(ValueError, match="is damaged; choose it again"):
        RecipeRecord.model_validate_json(json.dumps(record), strict=True)


def test_what_is_cut_out_can_be_seen_before_it_is_drawn() -> None:
    pixels = np.full((200, 300, 3), 120, np.uint8)
    pixels[60:140, 110:190] = (200, 30, 30)
    cut = meant_of(prompt_of(Raster(pixels), "", Area(100, 50, 100, 100)))
    assert np.abs(cut[112, 112].astype(int) - (200, 30, 30)).max() < 8
    assert cut[8, 8].min() > 200, "faded"
    whole = prompt_of(Raster(pixels), ADAPTER, Area(100, 50, 100, 100))
    assert np.array_equal(meant_of(whole), pixels_of(whole))


def test_who_reads_the_picture_is_a_matter_of_the_way() -> None:
    assert adapter_for(Method.RESIDUAL.row, built_in()) == ""
    assert adapter_for(Method.INPAINT.row, reading(ADAPTER)) == ADAPTER
    with pytest.raises(ModelError, match="reads no pictures; give it an IP-Adapter"):
        adapter_for(Method.INPAINT.row, reading())
    with pytest.raises(ModelError, match=r"was cut out, and .* reads whole pictures"):
        check_read_by(reading(ADAPTER), prompt_of(halves(300, 200), ""))


def test_a_picture_wants_a_marked_place_and_a_way_that_takes_it() -> None:
    recipe = EditRecipe("a mug", image_prompt=prompt_of(halves(300, 200), ""))
    with pytest.raises(RecipeError, match="Nothing is marked on the photo"):
        check_marked(Method.RESIDUAL, recipe)
    with pytest.raises(RecipeError, match="By “Imagic” nothing is drawn after a picture; choose another way"):
        check_marked(Method.IMAGIC, recipe)
    marked = replace(recipe, within=(rectangle(0, 0, 1, 1),))
    check_marked(Method.RESIDUAL, marked)
    assert not asks_for_nothing(marked, "a mug"), "the sentence need not change"
    assert asks_for_nothing(replace(marked, strength=0), "a mug")
    assert asks_for_nothing(recipe, "a mug"), "nothing is marked"
    assert fades(InversionSettings("a mug"), replace(marked, prompt="a ball", strength=0.5)), "as a layer"
