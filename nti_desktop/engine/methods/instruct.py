"""`instruct`: an order instead of two sentences, on a model that sees the photo beside the noise (Brooks et al. 2022).

out(z, T) = out(z, 0, 0) + s_I (out(z, I, 0) - out(z, 0, 0)) + s_T (out(z, I, T) - out(z, I, 0)), with I the photo's
latents as the autoencoder gives them, unscaled, and T the order (eq. 3); from noise that the seed decides.

Holding the photo, as in FlowEdit (Kulikov et al. 2024) and in `residual`, what the model misses of the photo is added:
z_b = step(z_a, out(z_a, T)) + z*_b - step(z*_a, out(z*_a, no order)), z*_a = sqrt(alpha) z_0 + sqrt(1 - alpha) n_a, so
that an order for nothing returns the photo exactly; and what it hardly changes stays the photo's own. Each level has
noise n_a of its own, as there, so that what the model takes one noise for is not asked for again and again. Without,
it is drawn anew, as published.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import pairwise

import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report, watched
from nti_desktop.engine.methods.denoise import Edit, Prepared, Task, visited_levels
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding, stacked
from nti_desktop.engine.sampling.ddim import Levels, levels_of, step_down
from nti_desktop.engine.sampling.pivot import noised_path
from nti_desktop.engine.sampling.places import changed
from nti_desktop.engine.sampling.weighting import edit_embedding
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.parameters import IMAGE_GUIDANCE
from nti_desktop.recipe.recipe import Lot
from nti_desktop.recipe.settings import InversionSettings

KNOWN = 600  # answers without an order that are remembered, of twelve seeds at fifty levels; the size of latents each
LEAST_VISITS = 8  # levels; a preview from noise that stands on fewer of them shows nothing


def prepare(
    _model: DiffusionModel, latents: Tensor, settings: InversionSettings, _report: Report, _cancel: CancelToken
) -> Prepared:
    """Nothing but the photo's latents (1, C, h, w), which an edit makes anew."""
    return Prepared(settings, {}, latents)


class Unordered:
    """What a model answers about one photo's noised latents when it is given no order, the same for every edit that is
    computed in the same type: asked once and remembered.
    """

    def __init__(self, model: DiffusionModel) -> None:
        self._model = model
        self._known: OrderedDict[tuple[int, int, bool, torch.dtype], Sequence[Tensor]] = OrderedDict()

    def at(self, a: int, z: Tensor, seed: int, guide: "Guide") -> Tensor:
        """Return the guided answer at level a about z (1, C, h, w), the photo with the noise of the seed."""
        key = (a, seed, guide.unseen, self._model.precision.dtype)
        if key not in self._known:
            # Asked in as many rows as an order, so that equal latents give equal bits.
            with self._model.precision.watching():  # numbers that overflowed are not remembered
                answers = guide.answers(z, a, [self._model.embed("")] * 2)
            self._known[key] = answers[1:]
        while len(self._known) > KNOWN:
            self._known.popitem(last=False)
        image, *neither = self._known[key]
        return guide.without_order(image, *neither)


@dataclass(frozen=True, eq=False)
class Guide:
    """How order and photo pull. photo: latents (1, C, h, w); by_text, by_image: s_T and s_I."""

    model: DiffusionModel
    levels: Levels
    photo: Tensor
    by_text: float
    by_image: float

    @property
    def unseen(self) -> bool:
        """Whether the model is asked without the photo, too: at s_I = 1 that answer counts for nothing."""
        return self.by_image != 1

    def answers(self, z: Tensor, a: int, told: Sequence[Embedding]) -> Sequence[Tensor]:
        """One answer for each of what the model is told, the photo seen, then one without both, if it counts; nothing
        is endured, see `predict_once`.
        """
        nothing = self.model.embed("")
        seen = self.photo / self.model.vae.config.scaling_factor
        rows = [(embedding, seen) for embedding in told]
        if self.unseen:
            rows.append((nothing, torch.zeros_like(seen)))
        embeddings = reduce(stacked, (embedding for embedding, _ in rows))
        beside = torch.cat([latents for _, latents in rows])
        z = z.expand(len(rows), -1, -1, -1)
        return list(self.model.predict_once(z, self.levels.timesteps[a], embeddings, beside).split(1))

    def without_order(self, image: Tensor, neither: Tensor | None = None) -> Tensor:
        """The guided answer without an order. image: with the photo alone; neither: None where it does not count."""
        return image if neither is None else neither + self.by_image * (image - neither)

    def ordered(self, both: Tensor, image: Tensor, neither: Tensor | None = None) -> Tensor:
        """The guided answer. both: with order and photo; the rest as in `without_order`."""
        return self.without_order(image, neither) + self.by_text * (both - image)


def source(model: DiffusionModel, _prepared: Prepared) -> Unordered:
    """The branch without an order, which holds the photo."""
    return Unordered(model)


@torch.no_grad()
def render(task: Task) -> Edit:
    """One edit, from the noise of the recipe's seed down."""
    model, recipe, settings, photo = task.model, task.recipe, task.prepared.settings, task.prepared.photo
    levels = levels_of(model.scheduler_config, settings.steps)
    by_image = IMAGE_GUIDANCE.usual if recipe.image_guidance is None else recipe.image_guidance
    guide = Guide(model, levels, photo, task.guidance_scale, by_image)
    order = edit_embedding(model.embed, model.tokens, settings.prompt, recipe)
    held = Method.INSTRUCT.row.lot_of(recipe) is Lot.HELD
    path = noised_path(photo, levels, recipe.seed)
    lot = torch.Generator().manual_seed(recipe.seed)
    z = path[:1] if held else torch.randn(photo.shape, generator=lot).to(model.device)
    visited = visited_levels(levels.steps, None if task.visits is None else max(task.visits, LEAST_VISITS))

    def answered(z: Tensor, a: int) -> tuple[Tensor, Tensor | None]:
        both, image, *neither = guide.answers(z, a, [order, model.embed("")])
        assert isinstance(task.source, Unordered)
        there = task.source.at(a, path[a : a + 1], recipe.seed, guide) if held else None
        return guide.ordered(both, image, *neither), there

    for a, b in watched("Editing", list(pairwise(visited)), task.report, task.cancel):
        here, there = model.enduring(partial(answered, z, a))
        z = step_down(here, z, levels, a, b)
        if there is not None:
            z = path[b : b + 1] + (z - step_down(there, path[a : a + 1], levels, a, b))
    if not held:
        return Edit(z, None, None)
    mask = changed(z, photo)
    return Edit(torch.where(mask, z, photo), mask, None)
