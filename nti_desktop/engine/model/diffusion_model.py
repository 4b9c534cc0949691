"""DiffusionModel: a loaded latent diffusion model. Encode, decode, embed a prompt, predict noise."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nti_desktop.core.errors import EngineError
from nti_desktop.engine.memory.copies import Move, moved
from nti_desktop.engine.memory.device import GRAPHICS_CARDS, free_memory
from nti_desktop.engine.memory.faults import give_back_memory, ran_out_of_memory
from nti_desktop.engine.memory.mapped import take_in
from nti_desktop.engine.memory.precision import Overflow, Precision
from nti_desktop.engine.memory.savings import Savings, bytes_of
from nti_desktop.engine.model.embedding import Embedding
from nti_desktop.engine.model.image_prompt import ImagePromptTokens, read_image_prompt
from nti_desktop.engine.model.prefix import Prefix
from nti_desktop.engine.model.preview_decoder import PreviewNetwork
from nti_desktop.engine.model.text import PromptReader
from nti_desktop.engine.sampling.attention import AttentionSwitch, install_switch
from nti_desktop.engine.sampling.tokens import PromptTokens
from nti_desktop.recipe.jobs import Addition
from nti_desktop.recipe.memory import Need, Saving
from nti_desktop.recipe.sees import Sees, sees_of

T = TypeVar("T")

EMBEDDED = 32  # sentences and pictures whose embeddings are remembered; SDXL's take 0.6 MB each


def _cannot() -> bool:
    """Nothing less can be asked."""
    return False


@dataclass(frozen=True, eq=False)
class DiffusionModel:
    """A loaded model; weights are frozen, the autoencoder's stay float32. move: see Copies; image_adapter: by which it
    reads pictures beside the words, None where it does not; preview_decoder: None where the autoencoder draws previews
    too.

    Every call without gradients endures by itself, see `enduring`; what takes gradients is wrapped in it as a whole.
    """

    unet: Any
    vae: Any
    text: PromptReader
    scheduler_config: Mapping[str, Any]
    device: torch.device
    precision: Precision
    move: Move = moved
    image_adapter: Addition | None = None
    preview_decoder: PreviewNetwork | None = None
    attention: AttentionSwitch = field(init=False)
    savings: Savings = field(init=False)
    prefix: Prefix = field(init=False)
    _embedded: OrderedDict[str, Embedding] = field(init=False, default_factory=OrderedDict)
    _read: OrderedDict[bytes, ImagePromptTokens] = field(init=False, default_factory=OrderedDict)

    def __post_init__(self) -> None:
        dtypes = {self.unet: self.precision.dtype, **dict.fromkeys(self.text.encoders, self.precision.text)}
        for part in self.parts:
            part.to(dtypes.get(part, torch.float32)).eval().requires_grad_(False)
        if self.device.type != "mps":  # convolutions are fastest so, by an eighth on a processor
            for part in (self.unet, self.vae, *self._previewing):
                part.to(memory_format=torch.channels_last)
        object.__setattr__(self, "attention", install_switch(self.unet))
        parts = self.unet, self.vae, (*self.text.encoders, *self._previewing)
        object.__setattr__(self, "savings", Savings(*parts, self.attention, self.device, self.move))
        object.__setattr__(self, "prefix", Prefix(self.unet))
        self.enduring(self._arrive)
        if self.device.type == "cpu":
            take_in(self.parts)

    @property
    def parts(self) -> tuple[Any, ...]:
        """All networks, the UNet first."""
        return self.unet, self.vae, *self.text.encoders, *self._previewing

    @property
    def _previewing(self) -> tuple[PreviewNetwork, ...]:
        return () if self.preview_decoder is None else (self.preview_decoder,)

    @property
    def scale(self) -> int:
        """Pixels of a picture's side to one of its latents'."""
        return int(2 ** (len(self.vae.config.block_out_channels) - 1))

    @property
    def weight_bytes(self) -> int:
        """Of all parts."""
        return sum(map(bytes_of, self.parts))

    @property
    def length(self) -> int:
        """Tokens the text encoders read."""
        return self.text.length

    def encode(self, image: NDArray[np.uint8 | np.float32]) -> Tensor:
        """(H, W, 3) sRGB, 0 to 255 -> latents (1, C, h, w) float32, the mean of the autoencoder's posterior."""
        return self.enduring(partial(self._encode, image))

    def decode(self, latents: Tensor) -> NDArray[np.float32]:
        """Latents (1, C, h, w) -> (H, W, 3) float32 sRGB in [0, 1]."""
        return self.enduring(partial(self.decode_once, latents))

    def decode_preview(self, latents: Tensor) -> NDArray[np.float32]:
        """Like `decode`, by the preview decoder where there is one: quicker, and less like the photo."""
        return self.enduring(partial(self.decode_preview_once, latents))

    def tokens(self, prompt: str) -> PromptTokens:
        """The prompt's tokens; raises RecipeError when it is longer than the encoders read."""
        return self.text.tokens(prompt)

    def embed(self, prompt: str) -> Embedding:
        """The prompt's embedding, one row; of the last few it is remembered."""
        if prompt not in self._embedded:
            self._embedded[prompt] = self.enduring(partial(self._embed, prompt))
        self._embedded.move_to_end(prompt)
        while len(self._embedded) > EMBEDDED:
            self._embedded.popitem(last=False)
        return self._embedded[prompt]

    def read_picture(self, picture: NDArray[np.uint8]) -> ImagePromptTokens:
        """Read what the UNet sees of a square picture (side, side, 3) sRGB beside the words; of the last few it is
        remembered. Raises EngineError where the model reads none, ModelError as `read_image_prompt` does.
        """
        if self.image_adapter is None:
            raise EngineError(
                "This model reads no pictures; give it an IP-Adapter in File, Models…, or take the picture away."
            )
        key = picture.tobytes()
        if key not in self._read:
            self._read[key] = read_image_prompt(self.image_adapter, self.unet, picture).to(self.device)
        self._read.move_to_end(key)
        while len(self._read) > EMBEDDED:
            self._read.popitem(last=False)
        return self._read[key]

    @property
    def latent_channels(self) -> int:
        """Of what the autoencoder makes of a picture."""
        return int(self.vae.config.latent_channels)

    @property
    def sees(self) -> Sees:
        """What the UNet sees of the photo beside the noise."""
        found = sees_of(int(self.unet.config.in_channels), self.latent_channels)
        assert found is not None  # or the model was refused
        return found

    def begin(self, need: Need) -> None:
        """Save what a job is forecast to need, and no more."""
        self.savings.begin(need)
        self.enduring(self.savings.settle)

    def predict(
        self, latents: Tensor, timesteps: Tensor | int, embedding: Embedding, seen: Tensor | None = None
    ) -> Tensor:
        """The UNet's raw output for a batch, float32: latents (B, C, h, w), an embedding of B rows.

        seen: (B, channels, h, w), what the model sees of the photo, see Sees; nothing if not given.

        With gradients nothing is endured: what calls it is, see `enduring`.
        """
        asked = partial(self.predict_once, latents, timesteps, embedding, seen)
        return asked() if torch.is_grad_enabled() else self.enduring(asked)

    def enduring(self, work: Callable[[], T], ask_less: Callable[[], bool] = _cannot) -> T:
        """Do one timestep's work; where memory or the range of the UNet's type is at its end, from its beginning with
        one saving more or in a wider type.

        ask_less: makes the work smaller, which comes before any saving; tells whether it could.

        Raises the last error when the ladder has come to its end, Overflow when there is no wider type.
        """
        improve: Callable[[], None] | None = None
        while True:
            try:
                if improve is not None:  # only now that the error is gone, and with it what the work had in memory
                    improve()
                with self.precision.watching():
                    return work()
            except Overflow:
                if self.precision.widest:
                    raise
                improve = self._widen
            except (MemoryError, RuntimeError) as error:
                if not ran_out_of_memory(error):
                    raise
                if ask_less():
                    improve = give_back_memory
                elif self.savings.exhausted:
                    raise
                else:
                    improve = self._save

    def _widen(self) -> None:
        self.precision.widen(self.device)
        self._settle()

    def _save(self) -> None:
        give_back_memory()
        self.savings.give_up()
        self._settle()

    def _arrive(self) -> None:
        """Put the parts onto the device, of a card at most what it has room for."""
        savings, card = self.savings, self.device.type in GRAPHICS_CARDS
        while card and savings.saving < savings.last and savings.resident(savings.saving) > free_memory(self.device):
            savings.climb()
        savings.settle()

    def _settle(self) -> None:
        self.prefix.forget()
        give_back_memory()
        self.unet.to(self.precision.dtype)

    @torch.no_grad()
    def _encode(self, image: NDArray[np.uint8 | np.float32]) -> Tensor:
        pixels = torch.tensor(image, device=self.device).permute(2, 0, 1)[None].float() / 127.5 - 1
        with self.savings.present(self.vae):
            latents: Tensor = self.vae.encode(pixels).latent_dist.mode().float() * self.vae.config.scaling_factor
        return latents

    @torch.no_grad()
    def decode_once(self, latents: Tensor) -> NDArray[np.float32]:
        """Like `decode`, without enduring anything: for pictures to be drawn alike, which are endured together."""
        with self.savings.present(self.vae):
            pixels: Tensor = self.vae.decode(latents.float() / self.vae.config.scaling_factor).sample
        return _picture(pixels)

    @torch.no_grad()
    def decode_preview_once(self, latents: Tensor) -> NDArray[np.float32]:
        """Like `decode_preview`, likewise."""
        if self.preview_decoder is None:
            return self.decode_once(latents)
        with self.savings.present(self.preview_decoder):
            return _picture(self.preview_decoder(latents.float()))

    def _embed(self, prompt: str) -> Embedding:
        with self.savings.present(*self.text.encoders):
            found = self.text.read(prompt)
        if self.precision.text == torch.float32 or bool(found.tokens.isfinite().all()):
            return found
        self.precision.text = torch.float32
        for encoder in self.text.encoders:
            encoder.float()
        return self._embed(prompt)

    def predict_once(
        self, latents: Tensor, timesteps: Tensor | int, embedding: Embedding, seen: Tensor | None = None
    ) -> Tensor:
        """Like `predict`, without enduring anything: for work that is endured as a whole."""
        t = torch.as_tensor(timesteps, device=self.device)
        if beside := self.sees.channels_beside(self.latent_channels):
            rows, _, height, width = latents.shape
            latents = torch.cat([latents, latents.new_zeros(rows, beside, height, width) if seen is None else seen], 1)
        self.prefix.reads(embedding.pooled)
        output: Tensor = self.unet(
            latents.to(self.precision.dtype),
            t,
            encoder_hidden_states=embedding.tokens.to(self.precision.dtype),
            added_cond_kwargs=self._added(latents, embedding.pooled),
        ).sample
        output = output.float()
        self.precision.watch(output)
        return output

    def _added(self, latents: Tensor, pooled: Tensor | None) -> dict[str, Tensor] | None:
        """Build what SDXL reads beside the tokens: the sentence as a whole, and the picture's size, drawn uncropped at
        that size (Podell et al. 2023, sec. 2.2). None without a `pooled` sentence.
        """
        if pooled is None:
            return None
        height, width = (self.scale * side for side in latents.shape[-2:])
        sizes = torch.tensor([[height, width, 0, 0, height, width]], device=self.device, dtype=self.precision.dtype)
        return {"text_embeds": pooled.to(self.precision.dtype), "time_ids": sizes.expand(len(pooled), -1)}


def _picture(pixels: Tensor) -> NDArray[np.float32]:
    """(1, 3, H, W), -1 to 1 -> (H, W, 3) in [0, 1]; raises Overflow where it is no picture."""
    picture: NDArray[np.float32] = (pixels[0] / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).float().cpu().numpy()
    if not np.isfinite(picture).all():
        raise Overflow
    return picture


class RowCounter:
    """UNet rows since it was made: one for each latent evaluated, one more for each one back-propagated, and another
    where that computes the forward again (see Saving.CHECKPOINTS). What was left unfinished is not counted.
    """

    def __init__(self) -> None:
        self.rows = 0

    def add(self, rows: int) -> None:
        """Count rows that were evaluated."""
        self.rows += rows


@contextmanager
def counted_rows(model: DiffusionModel) -> Iterator[RowCounter]:
    """Count the UNet's rows by a hook on the UNet itself."""
    counter = RowCounter()

    def count(_unet: Any, _inputs: Any, output: Any) -> None:
        sample: Tensor = output.sample
        counter.add(len(sample))
        if sample.requires_grad:
            passes = 2 if model.savings.saving >= Saving.CHECKPOINTS else 1
            sample.register_hook(lambda gradient: counter.add(passes * len(gradient)))

    handle = model.unet.register_forward_hook(count)
    try:
        yield counter
    finally:
        handle.remove()
