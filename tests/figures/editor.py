"""The model under test, and what is asked of it: pictures through the autoencoder, edits, plain sampling."""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from nti_desktop.core.progress import NEVER, CancelToken, report_nothing
from nti_desktop.engine.model.embedding import stacked
from nti_desktop.engine.model.loading import load_model
from nti_desktop.engine.model.look import read_look
from nti_desktop.engine.model.prediction import explained
from nti_desktop.engine.sampling.ddim import guided, levels_of, step_down
from nti_desktop.engine.sampling.pivot import invert_exactly
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import built_in
from nti_desktop.project.tensors import pack
from nti_desktop.recipe.completing import LookQuestion
from nti_desktop.recipe.jobs import Arrays, Figures, InvertJob, ModelFiles, Rendered, RenderJob
from nti_desktop.recipe.jobs import Inversion as Inverted
from nti_desktop.recipe.kept_arrays import PIVOT
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.recipe.structure import recipe_for, settled
from nti_desktop.studio.render import Picture
from nti_desktop.studio.scenes import Scene
from nti_desktop.studio.truth import psnr
from tests.benchmarks.yardstick import (
    Pipeline,
    attention_edit,
    load_pipeline,
    null_text_inversion,
    prompt_to_prompt,
)
from tests.figures.trials import FIRST, Trial, World, thing_word

Pixels = NDArray[np.float32]

SDEDIT_STRENGTH = 0.5


@dataclass(frozen=True, eq=False)
class Inversion:
    """See nti_desktop.recipe.jobs.Inversion."""

    arrays: Arrays


@dataclass(frozen=True, eq=False)
class MadeEdit:
    """What the engine service makes of a trial, from the photo to the picture. prepared, rendered: what the preparation
    costs, and a first edit; stored: bytes of the preparation in a sidecar.
    """

    picture: Pixels
    prepared: Figures
    rendered: Figures
    stored: int


@dataclass(frozen=True, eq=False)
class PublishedEdit:
    """What the yardstick makes of a trial. reconstruction_psnr: dB, unpinned, against the autoencoder's own picture."""

    picture: Pixels
    reconstruction_psnr: float
    inner_steps: int


class Editor:
    """One model. What several figures of a scene share is remembered for a few scenes."""

    def __init__(self, files: ModelFiles, world: World = FIRST) -> None:
        self.files, self.world = files, world
        self.model = load_model(files)
        self.service = EngineService()
        self.rendered = lru_cache(maxsize=64)(world.picture)
        self.drawn = lru_cache(maxsize=64)(self._drawn)
        self._inversion = lru_cache(maxsize=2)(self._invert)
        self._explained = lru_cache(maxsize=2)(self._explain)
        self._prepared = lru_cache(maxsize=64)(self._prepare)  # one scene by all methods, in all that is said of it

    def _drawn(self, scene: Scene) -> Pixels:
        """The autoencoder's own picture of a scene: D(E(render))."""
        return self.coded(self.rendered(scene).image)

    def coded(self, picture: NDArray[np.uint8]) -> Pixels:
        """A picture (h, w, 3) through the autoencoder."""
        return self.model.decode(self.model.encode(picture))

    def picture(self, scene: Scene) -> Picture:
        """What the renderer draws."""
        found: Picture = self.rendered(scene)
        return found

    def edit(
        self,
        trial: Trial,
        settings: EditDefaults,
        blended: bool = False,
        steps: int | None = None,
        recipe: EditRecipe | None = None,
    ) -> Rendered:
        """The trial's edit, confined to the changed thing's word if it is to be blended. steps: see RenderJob; recipe:
        instead of the plain edit.
        """
        source, edit = trial.captions
        inversion_settings = InversionSettings(source, settings.method, settings.steps, settings.guidance_scale)
        told = None if settings.explaining is None else self._explained(trial)
        recipe = settled(recipe or EditRecipe(edit, automatic=True), inversion_settings, settings, told)
        # One inversion serves a sweep of guidances, so each edit says its own.
        guided = recipe.guidance_scale or settings.guidance_scale
        recipe = replace(recipe, self_limit=settings.self_limit, guidance_scale=guided)
        if blended:
            recipe = replace(recipe, blend=settings.blend((thing_word(edit),)))
        guidance = settings.guidance_scale if settings.method.row.one_guidance else 1.0
        inverted: Inversion = self._inversion(trial, replace(inversion_settings, guidance_scale=guidance))
        name = f"{trial.captions} {trial.seed} {settings.method} {settings.steps} {guidance}"
        image = self._beside(trial, settings.method)
        return self.service.render(
            RenderJob(self.files, name, inversion_settings, inverted.arrays, recipe, steps, image)
        )

    def made(self, trial: Trial, settings: EditDefaults) -> MadeEdit:
        """The trial's edit as the window makes it: prepared by the method of the settings, at its usual guidance and
        steps, words and windows by the kind of change.
        """
        method = settings.method
        said, asked = trial.captions if method.row.described else ("", trial.order)
        how = InversionSettings(said, method, settings.steps_for(method), settings.guidance_of(method))
        inverted = self._prepared(trial.scene, how)
        recipe = recipe_for(asked, how, settings, inverted.figures.explained)
        name = f"{trial.kind} {trial.seed} {how}"
        rendered = self.service.render(
            RenderJob(self.files, name, how, inverted.arrays, recipe, image=self._beside(trial, method))
        )
        stored = len(pack(inverted.arrays)) if inverted.arrays else 0
        return MadeEdit(rendered.image, inverted.figures, rendered.figures, stored)

    def _prepare(self, scene: Scene, how: InversionSettings) -> Inverted:
        return self.service.invert(InvertJob(self.files, self.rendered(scene).image, how))

    def _beside(self, trial: Trial, method: Method) -> NDArray[np.uint8] | None:
        """The photo, for an edit whose preparation does not hold it."""
        return None if PIVOT in method.row.keeps else self.rendered(trial.scene).image

    def _explain(self, trial: Trial) -> float:
        latents = self.model.encode(self.rendered(trial.scene).image)
        return explained(self.model, latents, trial.captions[0])

    def _invert(self, trial: Trial, settings: InversionSettings) -> Inversion:
        image = self.rendered(trial.scene).image
        if settings.method.row.keeps != (PIVOT,) or not settings.method.row.preparing:
            inverted = self.service.invert(InvertJob(self.files, image, settings))
            return Inversion(inverted.arrays)
        # The engine service would also reconstruct, a third of all rows, and nobody looks at that here.
        levels = levels_of(self.model.scheduler_config, settings.steps)
        embedding, latents = self.model.embed(settings.prompt), self.model.encode(image)
        pivot = invert_exactly(self.model, latents, embedding, levels, report_nothing, CancelToken())
        return Inversion({"pivot": pivot.half().float().cpu().numpy()})  # as the engine service hands it out

    @cached_property
    def pipeline(self) -> Pipeline:
        """The same model for the yardstick. Weights' gradients and the order of memory cost time and change nothing."""
        pipeline = load_pipeline(self.files.folder, self.model.device)
        pipeline.unet.requires_grad_(False).to(memory_format=torch.channels_last)
        return pipeline

    def published_edit(self, trial: Trial, settings: EditDefaults) -> PublishedEdit:
        """The trial's edit by the published algorithms, at these settings' steps, guidance and windows."""
        pipeline, steps, guidance = self.pipeline, settings.steps, settings.guidance_scale
        latents = pipeline.encode(self.rendered(trial.scene).image)
        inversion = null_text_inversion(pipeline, latents, trial.captions[0], steps, guidance)
        windows = (int(settings.cross_until * steps), int(settings.self_until * steps))
        change = attention_edit(pipeline, trial.captions, *windows, steps)
        both = prompt_to_prompt(pipeline, inversion, trial.captions, guidance, change)
        again, latents_again = pipeline.decode(inversion.reconstruction), pipeline.decode(latents)
        return PublishedEdit(pipeline.decode(both[1:]), psnr(again, latents_again), inversion.inner_steps)

    @torch.no_grad()
    def sampled(self, scene: Scene, prompt: str, settings: EditDefaults, strength: float = 1) -> Pixels:
        """Plain guided sampling: from noise alone, or from the scene's latents noised by `strength` (SDEdit)."""
        levels = levels_of(self.model.scheduler_config, settings.steps)
        latents = self.model.encode(self.rendered(scene).image)
        noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(scene.noise)).to(latents.device)
        start = round(settings.steps * (1 - strength))
        alpha = levels.alphas[start]
        z = noise if start == 0 else alpha**0.5 * latents + (1 - alpha) ** 0.5 * noise
        embeddings = stacked(self.model.embed(""), self.model.embed(prompt))
        for a in range(start, levels.steps):
            both = self.model.predict(z.expand(2, -1, -1, -1), levels.timesteps[a], embeddings)
            z = step_down(guided(both[:1], both[1:], settings.guidance_scale), z, levels, a, a + 1)
        return self.model.decode(z)

    def look(self, scene: Scene, said: str) -> Look:
        """What the model sees in the scene that a sentence leaves out."""
        question = LookQuestion(said, built_in().words)
        return read_look(self.model, self.rendered(scene).image, question, report_nothing, NEVER)

    def reconstruction_psnr(self, scene: Scene, prompt: str) -> float:
        """How well null-text by the published schedule reconstructs, unpinned; dB against the autoencoder's own."""
        settings = InversionSettings(prompt, Method.NULL_TEXT)
        inverted = self.service.invert(InvertJob(self.files, self.rendered(scene).image, settings))
        assert inverted.figures.reconstruction_psnr is not None
        return inverted.figures.reconstruction_psnr
