"""One case of a benchmark by one method: prepare, edit, compare by the protocol's figures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nti_desktop.core.errors import RecipeError
from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.engine.service import EngineService
from nti_desktop.evaluation import figures
from nti_desktop.evaluation.judges import Judges
from nti_desktop.evaluation.protocols import SIDE, Case
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.frame import Frame, frame_image, whole_photo
from nti_desktop.photo.photo import open_photo
from nti_desktop.recipe.jobs import InvertJob, RenderJob
from nti_desktop.recipe.kept_arrays import PIVOT
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe, Side, WordRef
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.recipe.structure import recipe_for
from nti_desktop.recipe.words import find_words

# The figures, in the order they are told, with the factor that papers print them by.
FIGURES: Mapping[str, float] = {
    "structure": 1e3,
    "psnr": 1,
    "lpips": 1e3,
    "mse": 1e4,
    "ssim": 1e2,
    "clip": 1,
    "clip edited": 1,
    "seconds": 1,
}


@dataclass(frozen=True)
class Outcome:
    """What came of a case. figures: those of FIGURES that could be measured; rows: of the UNet."""

    figures: Mapping[str, float]
    rows: int


def measure(
    case: Case,
    entry: ModelEntry,
    method: Method,
    service: EngineService,
    judges: Judges,
    report: Report,
    cancel: CancelToken,
) -> tuple[Outcome, NDArray[np.uint8]]:
    """The figures and the edited picture, (512, 512, 3).

    Raises NtiError like any job; RecipeError for a case without an order where the method takes nothing else.
    """
    photo = open_photo(case.photo)
    frame = whole_photo(*photo.raster.size, entry.native_size, entry.multiple)
    image = frame_image(photo.raster, frame)
    settings, recipe = _asked(case, entry, method)
    inverted = service.invert(InvertJob(entry.files, image, settings), report, cancel)
    recipe = recipe or _edit(case, entry, settings, inverted.figures.explained)
    beside = None if PIVOT in method.row.keeps else image
    job = RenderJob(entry.files, f"{case.name} {settings}", settings, inverted.arrays, recipe, image=beside)
    rendered = service.render(job, report, cancel)
    picture = _resized(np.round(rendered.image * 255).astype(np.uint8))
    seconds = inverted.figures.seconds + rendered.figures.seconds
    as_it_was = frame_image(photo.raster, Frame(0, 0, *photo.raster.size, SIDE, SIDE))
    found = compare(picture / 255.0, as_it_was / 255.0, case, judges) | {"seconds": seconds}
    return Outcome(found, inverted.figures.unet_rows + rendered.figures.unet_rows), picture


def _asked(case: Case, entry: ModelEntry, method: Method) -> tuple[InversionSettings, EditRecipe | None]:
    best = entry.defaults
    if method.row.fills:
        raise RecipeError(
            "No benchmark here says what to fill in where; choose a model that is not made for inpainting."
        )
    if method.row.described:
        return InversionSettings(case.source, method, best.steps_for(method), best.guidance_of(method)), None
    if not case.order:
        raise RecipeError(f"Case {case.name} says no order; choose a method that takes two sentences.")
    settings = InversionSettings("", method, best.steps_for(method), best.guidance_of(method))
    return settings, recipe_for(case.order, settings, best)


def _edit(case: Case, entry: ModelEntry, settings: InversionSettings, explained: float | None) -> EditRecipe:
    """As the window makes it, confined to the word that the case names, as the published protocol does."""
    best = entry.defaults
    recipe = recipe_for(case.edit, settings, best, explained)
    words = () if case.blend is None or not settings.method.row.looks else _blended(case, *case.blend)
    if not words:
        return recipe
    return replace(recipe, blend=best.blend(words))


def _blended(case: Case, before: str, after: str) -> tuple[WordRef, ...]:
    """Find the word `before` in the case's source and `after` in its edit; one that is not there is left out."""
    found = []
    for side, sentence, word in ((Side.SOURCE, case.source, before), (Side.EDIT, case.edit, after)):
        try:
            found += [WordRef(side, each.position, each.text) for each in find_words(sentence, word)]
        except RecipeError:
            continue
    return tuple(found)


def compare(picture: NDArray[np.floating], photo: NDArray[np.floating], case: Case, judges: Judges) -> dict[str, float]:
    """The figures of an edited picture, both (512, 512, 3) in [0, 1], as far as there are judges and a mask."""
    marked = case.marked
    found: dict[str, float] = {}
    if judges.structure is not None:
        found["structure"] = judges.structure(picture, photo)
    if marked is None or not marked.all():
        keep = 1.0 if marked is None else ~marked[..., None]
        here, there = picture * keep, photo * keep
        found |= {"psnr": figures.psnr(here, there), "mse": figures.squared_error(here, there)}
        found["ssim"] = figures.ssim(here, there)
        if judges.lpips is not None:
            found["lpips"] = judges.lpips(here, there)
    if judges.clip is not None:
        found["clip"] = judges.clip(picture, case.edit)
        if marked is not None:
            found["clip edited"] = judges.clip(picture * marked[..., None], case.edit)
    return found


def _resized(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if picture.shape[:2] == (SIDE, SIDE):
        return picture
    return np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
