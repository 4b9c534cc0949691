"""What jobs will take of memory: one timestep of each is done on the meta device, before the job."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial

import torch
from torch import Tensor

from nti_desktop.engine.memory.device import free_memory
from nti_desktop.engine.memory.meta_model import META, as_meta_model, fuses, peak_bytes
from nti_desktop.engine.memory.savings import bytes_of
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.sampling.attention import Recording
from nti_desktop.engine.sampling.pivot import KEPT, rows_at_once
from nti_desktop.recipe.memory import Forecast, Need, Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.sees import Sees

Size = tuple[int, int]  # rows and columns of latents
Work = Callable[[DiffusionModel, Tensor, Embedding], None]  # with latents and the embedding of one row


@dataclass(eq=False)
class _Done:
    """What was counted for models of one structure: meta models, peaks of work, recordings of one step; bytes."""

    meta_models: dict[tuple[Saving, torch.dtype], DiffusionModel] = field(default_factory=dict)
    peaks: dict[tuple[Work, Saving, torch.dtype, Size], int] = field(default_factory=dict)
    recorded: dict[tuple[float, torch.dtype, Size], int] = field(default_factory=dict)


@lru_cache(maxsize=4)
def _done(structure: str) -> _Done:
    return _Done()


def _structure(model: DiffusionModel) -> str:
    """All that what is done on the meta device depends on."""
    parts = [dict(part.config) for part in (model.unet, model.vae)]
    preview = model.preview_decoder and repr(model.preview_decoder.structure)
    texts = model.text.length, model.text.width
    return json.dumps([*parts, preview, *texts, model.device.type], sort_keys=True, default=str)


class Forecaster:
    """Predicts for one loaded model. What was counted once is remembered, as it takes about a second."""

    def __init__(self, model: DiffusionModel) -> None:
        self._model = model
        self._done = _done(_structure(model))

    def forecast(self, size: Size, steps: int, self_limit: float) -> Forecast:
        """For pictures of this size, and edits of so many steps; self_limit: see EditRecipe."""
        preparing = self.need(learning, size), self.need(guiding, size)
        if self._model.sees is not Sees.NOTHING:
            edit = ordering if self._model.sees is Sees.PHOTO else guiding
            return Forecast(*preparing, self.need(edit, size), self.room)
        recorded = steps * self.recorded(size, self_limit)
        if recorded > KEPT * free_memory(self._model.device):
            recorded = 0  # not on this device
        return Forecast(*preparing, self.need(editing, size, recorded), self.room)

    def need(self, work: Work, size: Size, beside: int = 0) -> Need:
        """Predict the memory that a job takes whose timesteps are such work, with as few savings as let it fit, else
        with all that it may use. beside: bytes it keeps from step to step.
        """
        savings = self._model.savings
        for saving in savings.rungs:
            found = self.peak(work, saving, size) + beside
            if savings.holds(found, saving):
                break
        return Need(found, saving, found <= savings.room)

    @property
    def room(self) -> int:
        """Bytes that a job may take, the model included."""
        return self._model.savings.room

    def peak(self, work: Work, saving: Saving, size: Size) -> int:
        """Bytes at the peak of a timestep, or of the decoders or the text encoders, with the weights there then."""
        model = self._model
        timestep, picture = (self._counted(what, saving, size) for what in (work, drawing))
        staying = model.savings.resident(saving)
        if staying == model.weight_bytes:
            return staying + max(timestep, picture)
        vae, *encoders = (bytes_of(part) for part in (model.vae, *model.text.encoders))
        return staying + max(timestep, vae + picture, sum(encoders))

    def recorded(self, size: Size, self_limit: float) -> int:
        """Bytes of source attention that an edit keeps of each step."""
        known = (self_limit, self._model.precision.dtype, size)
        if known not in self._done.recorded:
            meta, (latents, embedding) = self._meta_model(Saving.NONE), self._inputs(size)
            step = _recorded(meta, latents, embedding, 1, self_limit).step(0, self_limit, latents, None)
            self._done.recorded[known] = step.bytes()
        return self._done.recorded[known]

    def _counted(self, work: Work, saving: Saving, size: Size) -> int:
        if saving is Saving.IDLE:  # which moves weights alone
            saving = Saving.NONE
        known = (work, saving, self._model.precision.dtype, size)
        if known not in self._done.peaks:
            meta = self._meta_model(saving)
            weights = [weight for part in meta.parts for weight in part.parameters()]
            asked = partial(work, meta, *self._inputs(size))
            if saving >= Saving.OFFLOAD:
                asked()  # weights set out ahead once their order is known
            self._done.peaks[known] = peak_bytes(asked, weights, fuses(self._model.device))
        return self._done.peaks[known]

    def _meta_model(self, saving: Saving) -> DiffusionModel:
        known = (saving, self._model.precision.dtype)
        if known not in self._done.meta_models:
            self._done.meta_models[known] = as_meta_model(self._model, saving)
        return self._done.meta_models[known]

    def _inputs(self, size: Size) -> tuple[Tensor, Embedding]:
        unet, text = self._model.unet.config, self._model.text
        pooled = None
        if unet.addition_embed_type is not None:
            width = unet.projection_class_embeddings_input_dim - 6 * unet.addition_time_embed_dim
            pooled = torch.empty(1, width, device=META)
        latents = torch.empty(1, self._model.latent_channels, *size, device=META)
        return latents, Embedding(torch.empty(1, text.length, text.width, device=META), pooled)


def learning(model: DiffusionModel, latents: Tensor, embedding: Embedding) -> None:
    """A timestep of null-text."""
    with model.prefix.kept():
        with torch.no_grad():
            answer = model.predict(latents, 0, embedding)
        leaf = embedding.tokens.clone().requires_grad_()
        output = model.predict(latents, 0, embedding.with_tokens(leaf))
        torch.autograd.grad((output - answer).square().sum(), leaf)


@torch.no_grad()
def guiding(model: DiffusionModel, latents: Tensor, embedding: Embedding) -> None:
    """A guided timestep."""
    model.predict(latents.expand(2, -1, -1, -1), 0, embedding.for_rows(2))


@torch.no_grad()
def ordering(model: DiffusionModel, latents: Tensor, embedding: Embedding) -> None:
    """A timestep of an order: with order and photo, with the photo, with neither."""
    model.predict(latents.expand(3, -1, -1, -1), 0, embedding.for_rows(3))


def editing(model: DiffusionModel, latents: Tensor, embedding: Embedding) -> None:
    """Record the source as an edit does in one call, with at least the two rows of a timestep of the edit itself."""
    _recorded(model, latents, embedding, max(2, rows_at_once(model, latents)), self_limit=1.0)


@torch.no_grad()
def _recorded(model: DiffusionModel, latents: Tensor, embedding: Embedding, rows: int, self_limit: float) -> Recording:
    recording = Recording(rows, latents[0, 0].numel() * self_limit, model.attention.attend)
    with model.attention.set_to(recording):
        model.predict(latents.expand(rows, -1, -1, -1), 0, embedding.for_rows(rows))
    return recording


@torch.no_grad()
def drawing(model: DiffusionModel, latents: Tensor, _embedding: Embedding) -> None:
    """The autoencoder's way there and back, and what draws previews."""
    pixels = torch.empty(1, 3, *(model.scale * side for side in latents.shape[-2:]), device=META)
    model.vae.encode(pixels).latent_dist.mode()
    model.vae.decode(latents)
    if model.preview_decoder is not None:
        model.preview_decoder(latents)


def work_of(method: Method) -> Work:
    """A timestep of preparing by a method."""
    return learning if method.row.learns else guiding


def work_of_edit(method: Method) -> Work:
    """A timestep of an edit by a method."""
    if method.row.sees is Sees.PHOTO:
        return ordering
    return editing if method.row.looks else guiding
