"""A thing of another picture, drawn into what is marked on the photo in the photo's own light.

After TF-ICON (Lu et al. 2023, arXiv 2307.12493): the thing, cut out, is laid over the photo, and both together are
noised. From near the noisy end the way down is guided, while shapes and what words look at stay as they are in that
composition; after each step what is outside the marks is the photo's own path, z*_b. Unlike there nothing is inverted:
what the composition is held by has noise of each level's own, as in `flowedit`, since noise that explains a thing laid
over a photo keeps its seams. Attention is held by Prompt-to-Prompt's windows, and only the thing is guided, as guidance
would lighten or darken what is around it.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from nti_desktop.core.errors import RecipeError
from nti_desktop.core.progress import watched
from nti_desktop.engine.methods.denoise import Edit, Task, visited_levels
from nti_desktop.engine.model.embedding import stacked
from nti_desktop.engine.sampling.attention import Substitution, attention_edit
from nti_desktop.engine.sampling.ddim import levels_of, step_down
from nti_desktop.engine.sampling.pivot import Source, noised_path
from nti_desktop.engine.sampling.weighting import edit_embedding
from nti_desktop.recipe.cutting_out import cut_out
from nti_desktop.recipe.image_prompt import ALL, Part
from nti_desktop.recipe.outlines import inside
from nti_desktop.recipe.structure import PASTED_GUIDANCE

STARTS = 0.9  # of the way up, where the way down begins
FILLS = 0.82  # of the marked place's height or width, what the thing takes
REACH = 0.025  # of the photo's longer side, how far around what gives way the photo is drawn anew
SWEEPS = 400  # that even out what fills a hole
SEED = 0  # of the composition's noise


@torch.no_grad()
def render(task: Task) -> Edit:
    """One edit. Raises RecipeError where too little is marked, or nothing can be cut out of the picture."""
    model, recipe, prepared = task.model, task.recipe, task.prepared
    assert task.image_prompt is not None
    assert recipe.image_prompt is not None
    settings, pivot = prepared.settings, prepared.pivot
    levels = levels_of(model.scheduler_config, settings.steps)
    photo = _levels(model.decode(prepared.photo))
    part = recipe.image_prompt.part or ALL
    composition = composed(photo, inside(recipe.within, *photo.shape[:2]), task.image_prompt, part)
    thing, changed = (_covered(plane, prepared.photo) for plane in (composition.thing, composition.changed))
    within = F.max_pool2d(changed, 3, 1, 1) > 0
    scale = PASTED_GUIDANCE if recipe.guidance_scale is None else recipe.guidance_scale
    strength = 1 + (scale - 1) * thing

    edit = edit_embedding(model.embed, model.tokens, settings.prompt, recipe)
    latents = model.encode(composition.picture)
    path = noised_path(latents, levels, SEED)
    source = Source(model, path, levels, edit, None)
    tokens = model.tokens(recipe.prompt)
    attention = attention_edit(tokens, tokens, recipe).to(model.device)
    start = levels.steps - max(1, int(STARTS * levels.steps))
    visited = [start + step for step in visited_levels(levels.steps - start, task.visits)]
    source.record(visited[:-1], recipe.self_limit, task.report, task.cancel)
    both = stacked(model.embed(""), edit)
    z = path[start : start + 1]
    for a, b in watched("Editing", list(pairwise(visited)), task.report, task.cancel):
        there = source.at(a, recipe.self_limit)
        held = Substitution(attention, there, levels.progress(a + 1), z[0, 0].numel(), model.attention.attend)
        with model.attention.set_to(held):
            plain, told = model.predict(z.expand(2, -1, -1, -1), levels.timesteps[a], both).split(1)
        z = step_down(plain + strength * (told - plain), z, levels, a, b)
        z = torch.where(within, z, pivot[b : b + 1])
    return Edit(z, None, None)


@dataclass(frozen=True, eq=False)
class Composition:
    """picture: (H, W, 3) uint8 sRGB, a photo with a thing laid over it; thing: how much of each pixel it is (H, W), 0
    to 1; changed: where the picture is not the photo any more (H, W).
    """

    picture: NDArray[np.uint8]
    thing: NDArray[np.float32]
    changed: NDArray[np.bool_]


def composed(
    photo: NDArray[np.uint8], marked: NDArray[np.bool_], picture: NDArray[np.uint8], part: Part
) -> Composition:
    """Lay the thing that stands in a part of a picture (h, w, 3) over a photo (H, W, 3), so that it stands in what is
    marked (H, W), all of it to be seen. What stands there in the photo gives way to the colours of what is around.

    Raises RecipeError where too little is marked, or nothing stands out in the picture.
    """
    opaque = cut_out(picture, part)
    place, thing = _box(marked), _box(opaque > 0.5)
    if place is None:
        raise RecipeError("Too little of the photo is marked for this model to see; mark more of it.")
    if thing is None:
        raise RecipeError("Nothing stands out in the picture to draw after; choose another part of it.")
    layer = _laid(np.dstack([picture, opaque * 255]), thing, place, marked.shape)
    reach = round(REACH * max(marked.shape))
    stood = _grown(cut_out(photo, place) > 0.5, reach) & marked
    laid = np.where(marked, layer[..., 3], np.float32(0))
    around = filled(np.asarray(photo, np.float32) / np.float32(255), stood)
    whole = np.where(laid[..., None] > 0, laid[..., None] * layer[..., :3] + (1 - laid[..., None]) * around, around)
    return Composition(_levels(whole), laid, stood | (laid > 0))


def _laid(picture: NDArray[np.floating], thing: Part, place: Part, size: tuple[int, ...]) -> NDArray[np.float32]:
    """A picture (h, w, 4) from 0 to 255 on an empty plane of this size (H, W, 4), from 0 to 1: scaled so that its thing
    takes FILLS of a place, and stands at the foot of it.
    """
    (left, top, right, bottom), (before, above, behind, below) = place, thing
    by = FILLS * min((bottom - top) / (below - above), (right - left) / (behind - before))
    thing_alone = picture[above:below, before:behind]  # a small one of a large picture would be scaled to gigabytes
    planes = torch.tensor(thing_alone, dtype=torch.float32).permute(2, 0, 1)[None] / 255
    extent = [max(1, round(side * by)) for side in thing_alone.shape[:2]]
    scaled = F.interpolate(planes, extent, mode="bicubic", antialias=True).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    down = round(bottom - (1 - FILLS) / 2 * (bottom - top)) - extent[0]
    across = round((left + right - extent[1]) / 2)
    rows, columns = (
        slice(max(at, 0), min(at + n, side)) for at, n, side in zip((down, across), extent, size, strict=True)
    )
    layer = np.zeros((*size, 4), np.float32)
    layer[rows, columns] = scaled[rows.start - down : rows.stop - down, columns.start - across : columns.stop - across]
    return layer


def filled(photo: NDArray[np.float32], hole: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The photo (H, W, 3) whose hole (H, W) goes over evenly into what is around it: its colours are those of ever
    smaller copies, as far as these know any ("push-pull", Gortler et al. 1996), evened out by Jacobi's sweeps towards
    the mean of their neighbours, as narrow holes take too much from afar. All of it a hole stays as it is.
    """
    if hole.all():
        return photo
    known = torch.tensor(~hole, dtype=torch.float32)[None, None]
    copies = [(torch.tensor(photo).permute(2, 0, 1)[None] * known, known)]
    while max(known.shape[-2:]) > 1:
        weighted, known = (F.avg_pool2d(part, 2, ceil_mode=True) for part in copies[-1])
        copies.append((weighted, known))
    colours = copies[-1][0] / copies[-1][1]
    for weighted, share in copies[-2::-1]:
        colours = weighted + (1 - share) * F.interpolate(colours, weighted.shape[-2:], mode="bilinear")
    weighted, share = copies[0]
    for _ in range(SWEEPS):
        wide = F.pad(colours, (1, 1, 1, 1), mode="replicate")
        beside = wide[..., 1:-1, 2:] + wide[..., 1:-1, :-2] + wide[..., 2:, 1:-1] + wide[..., :-2, 1:-1]
        colours = weighted + (1 - share) * beside / 4
    return colours[0].permute(1, 2, 0).numpy()


def _box(plane: NDArray[np.bool_]) -> Part | None:
    """The part that holds all that is true; None where nothing is."""
    rows, columns = (np.flatnonzero(plane.any(axis)) for axis in (1, 0))
    return (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1) if rows.size else None


def _grown(plane: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Add to what is true (H, W) all that is no more than so many pixels away from it, to every side and corner."""
    pixels = torch.tensor(plane, dtype=torch.float32)[None, None]
    grown: NDArray[np.bool_] = F.max_pool2d(pixels, 2 * reach + 1, 1, reach)[0, 0].numpy() > 0
    return grown


def _levels(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = (picture * 255).round().clip(0, 255).astype(np.uint8)
    return levels


def _covered(plane: NDArray[np.generic], latents: Tensor) -> Tensor:
    """Measure how much of each of a photo's latents (1, C, h, w) a plane (H, W) covers: (1, 1, h, w)."""
    pixels = torch.tensor(np.asarray(plane, np.float32))[None, None]
    return F.adaptive_avg_pool2d(pixels, (latents.shape[-2], latents.shape[-1])).to(latents.device)
