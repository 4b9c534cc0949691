"""What every method heeds of a recipe alike: its words, as people read them, and their weights."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.service import EngineService
from nti_desktop.recipe.jobs import InvertJob, ModelFiles, Rendered, RenderJob
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.outlines import rectangle
from nti_desktop.recipe.recipe import EditRecipe, Reweighting, with_weight
from nti_desktop.recipe.settings import InversionSettings
from tests.engine.trials import PROTOTYPE, SOURCE, some_latents
from tests.picture_files import noisy_picture

PICTURE = noisy_picture(64, 64)
DRAWN_ANEW = Method.RESAMPLE, Method.DIFFEDIT
Rendering = Callable[[Method, EditRecipe], Rendered]


@pytest.fixture
def rendering(sd15_folder: Path) -> Rendering:
    """Edit “a white dog’s ball” by a method, on a small model."""
    service, files, image = EngineService(), ModelFiles(sd15_folder), PICTURE
    inverted = cache(lambda settings: service.invert(InvertJob(files, image, settings)).arrays)

    def rendered(method: Method, recipe: EditRecipe) -> Rendered:
        settings = InversionSettings("a white dog’s ball", method, 2, 2.0)
        arrays = inverted(settings)
        seen = None if "pivot" in arrays else image
        return service.render(RenderJob(files, method, settings, arrays, recipe, image=seen))

    return rendered


@pytest.mark.slow
def test_words_that_people_read_as_the_same_draw_the_same_by_every_method(rendering: Rendering) -> None:
    """CLIP has other tokens for a curly apostrophe, whichever of the two sentences it stands in."""
    curly, plain = (EditRecipe(f"a red dog{mark}s ball", redrawn=0.5) for mark in "’'")
    for method in (method for method in Method if method.row.described):
        drawn, same = rendering(method, curly), rendering(method, plain)
        assert np.array_equal(drawn.latents, same.latents), method
        assert (drawn.recipe, same.recipe) == (curly, plain)


@pytest.mark.slow
def test_a_sentence_of_letters_that_nobody_sees_is_drawn_as_one_without_words(rendering: Rendering) -> None:
    for method in (method for method in Method if method.row.described):
        drawn = rendering(method, EditRecipe("\u200b\ufeff"))
        assert np.array_equal(drawn.latents, rendering(method, EditRecipe("")).latents), method
        assert len(drawn.word_maps) == 0


def test_weights_on_attention_act_on_the_sentence_by_methods_without_attention(rendering: Rendering) -> None:
    plain = EditRecipe("a red dog's ball")
    weighted = with_weight(plain, 1, 2.0)
    attention = replace(weighted, reweighting=Reweighting.ATTENTION)
    for method in (method for method in Method if method.row.described and not method.row.looks):
        drawn = rendering(method, attention)
        assert np.array_equal(drawn.latents, rendering(method, weighted).latents), method
        assert not np.array_equal(drawn.latents, rendering(method, plain).latents), method
        assert drawn.recipe == attention


@pytest.mark.slow
def test_marks_that_only_say_what_of_an_edit_is_shown_take_no_row(rendering: Rendering) -> None:
    everywhere = EditRecipe("a red dog’s ball", redrawn=0.5)
    there = replace(everywhere, within=(rectangle(0, 0, 0.5, 1),))
    for method in (method for method in Method if method.row.described):
        whole, shown = rendering(method, everywhere), rendering(method, there)
        assert (shown.figures.unet_rows, shown.recipe) == (0, there), method
        assert np.array_equal(shown.image[:, :32], whole.image[:, :32]), method
        assert np.array_equal(shown.image[:, 32:], shown.source[:, 32:]), method


@pytest.mark.slow
def test_the_strength_leads_from_the_photo_to_the_whole_edit_without_a_leap(prototype: DiffusionModel) -> None:
    service, files = EngineService("cpu"), ModelFiles(PROTOTYPE)
    image = (255 * prototype.decode(some_latents())).round().astype(np.uint8)
    whole = EditRecipe(SOURCE.replace("ball", "mug"))
    for method in (Method.RESIDUAL, Method.FLOWEDIT, Method.NEGATIVE_PROMPT, Method.PINNED, *DRAWN_ANEW):
        settings = InversionSettings(SOURCE, method, 6, 3.0)
        job = RenderJob(files, method, settings, service.invert(InvertJob(files, image, settings)).arrays, whole)
        shares = (0.0, 0.01, 0.4, 1.0)
        rendered = [service.render(replace(job, recipe=replace(whole, strength=share))) for share in shares]
        missed = [np.abs(each.image - each.source).mean() for each in rendered]
        assert missed[0] == 0, method
        assert missed[1] < 0.1 * missed[3], method
        assert missed == sorted(missed), method
        again = service.render(replace(job, recipe=replace(whole, strength=0.5)))
        assert again.figures.unet_rows <= rendered[2].figures.unet_rows, method
