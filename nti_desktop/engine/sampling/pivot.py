"""Photo latents -> the pivot trajectory, inverted or noised, and the source branch that is pinned to it, with its
attention recorded.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from nti_desktop.core.progress import CancelToken, Report, watched
from nti_desktop.engine.memory.device import free_memory
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.embedding import Embedding, stacked
from nti_desktop.engine.sampling.attention import Recording, SourceStep
from nti_desktop.engine.sampling.ddim import Levels, step_up, undo_step_down
from nti_desktop.recipe.costs import FOLLOWING
from nti_desktop.recipe.memory import Saving

POSITIONS_AT_ONCE = 16_384  # latent positions in one UNet call while recording: 4 rows of 64x64
KEPT = 1 / 3  # of what is free, recordings may take


@torch.no_grad()
def invert(
    model: DiffusionModel, latents: Tensor, embedding: Embedding, levels: Levels, report: Report, cancel: CancelToken
) -> Tensor:
    """DDIM inversion with the source prompt at guidance 1 (Mokady et al. 2023, sec. 3.2).

    latents: (1, C, h, w) of the photo; embedding: of its prompt. Returns the pivot,
    (steps + 1, C, h, w) float32, from z*_T to z*_0 = latents.
    """
    pivot = [latents]
    for level in watched(FOLLOWING, range(levels.steps, 0, -1), report, cancel):
        output = model.predict(pivot[-1], levels.timesteps[level - 1], embedding)
        pivot.append(step_up(output, pivot[-1], levels, level))
    return torch.cat(pivot[::-1])


@torch.no_grad()
def invert_exactly(
    model: DiffusionModel, latents: Tensor, embedding: Embedding, levels: Levels, report: Report, cancel: CancelToken
) -> Tensor:
    """DDIM inversion that the way down retraces: z_a with step_down(output(z_a), z_a) = z_b (Pan et al. 2023, eq. 5).

    The output at z_a, which they find by iteration, is extrapolated from the two levels below, at one row a level.
    Shapes: see `invert`.
    """
    pivot = [latents]
    below: Tensor | None = None
    for level in watched(FOLLOWING, range(levels.steps, 0, -1), report, cancel):
        output = model.predict(pivot[-1], levels.label(level), embedding)
        ahead = output if below is None else 2 * output - below
        pivot.append(undo_step_down(ahead, pivot[-1], levels, level))
        below = output
    return torch.cat(pivot[::-1])


def noised_path(latents: Tensor, levels: Levels, seed: int) -> Tensor:
    """The photo itself at every level, with noise of the level's own, z*_a = sqrt(alpha_a) z_0 + sqrt(1 - alpha_a) n_a,
    in place of an inversion (Huberman-Spiegelglas et al. 2024, eq. 5); no row of the UNet. Shapes: see `invert`.
    """
    lot = torch.Generator().manual_seed(seed)
    noise = torch.randn((levels.steps, *latents.shape[1:]), generator=lot).to(latents)
    alphas = torch.tensor(levels.alphas[:-1], dtype=latents.dtype, device=latents.device)[:, None, None, None]
    return torch.cat([alphas**0.5 * latents + (1 - alphas) ** 0.5 * noise, latents])


def rows_at_once(model: DiffusionModel, latents: Tensor) -> int:
    """In a UNet call while recording; one where memory is short. latents: (B, C, h, w)."""
    return 1 if model.savings.saving >= Saving.CHECKPOINTS else max(1, POSITIONS_AT_ONCE // latents[0, 0].numel())


class Source:
    """The source branch: at every step one conditional pass at the pivot itself, the same for every edit.

    Recorded when first asked for, many steps a call; kept on the device, else in host memory, else not kept.
    conditional: the source prompt's embedding; unconditional: the null embedding whose answer is recorded too, or None.

    Answers are recorded to be subtracted from an edit's, so they are asked for anew once the UNet computes in another
    type; attention alone serves in any.
    """

    def __init__(
        self,
        model: DiffusionModel,
        pivot: Tensor,
        levels: Levels,
        conditional: Embedding,
        unconditional: Embedding | None,
    ) -> None:
        self._model = model
        self._pivot = pivot
        self._levels = levels
        self._conditional = conditional
        self._unconditional = unconditional
        self._kept: dict[int, SourceStep] = {}
        self._home: torch.device | None = model.device
        self._at_once = 1  # steps in a call while recording

    @property
    def on_device(self) -> bool:
        """Whether it keeps recordings in the device's memory."""
        return bool(self._kept) and self._home == self._model.device

    def record(
        self,
        steps: Sequence[int],
        self_limit: float,
        report: Report,
        cancel: CancelToken,
    ) -> None:
        """Record those of `steps` that are not known yet, as far as memory allows to keep them."""
        missing = [i for i in steps if i not in self._kept or not self._serves(self._kept[i], self_limit)]
        if not missing or self._home is None:
            return
        cancel.check()
        first = self._ask_one(missing[0], self_limit)
        self._home = self._room_for(first.bytes() * self._levels.steps)
        if self._home is None:
            return
        self._kept[missing[0]] = first.to(self._home)
        # With its unconditional answer a step is asked just as the edit will be, so that equal latents give equal bits.
        self._at_once = 1 if self._unconditional is not None else rows_at_once(self._model, self._pivot)
        read = set(missing[:1])
        for i, step in watched("Reading the photo", list(enumerate(missing))[1:], report, cancel):
            if step not in read:
                found = self._ask_many(missing[i:], self_limit)
                self._kept.update({known: recorded.to(self._home) for known, recorded in found.items()})
                read.update(found)

    def at(self, step: int, self_limit: float) -> SourceStep:
        """Return the source's recording of one step, asking the model where none is kept that serves."""
        kept = self._kept.get(step)
        if kept is not None and self._serves(kept, self_limit):
            return kept
        found = self._ask_one(step, self_limit)
        if kept is not None and self._home is not None:
            self._kept[step] = found.to(self._home)
        return found

    def _serves(self, kept: SourceStep, self_limit: float) -> bool:
        subtracted = self._unconditional is not None
        return kept.self_limit >= self_limit and not (subtracted and kept.dtype != self._model.precision.dtype)

    def _ask_one(self, step: int, self_limit: float) -> SourceStep:
        return self._model.enduring(lambda: self._ask([step], self_limit))[step]

    def _ask_many(self, steps: Sequence[int], self_limit: float) -> dict[int, SourceStep]:
        """Record the first of some steps, as many in one call as memory has room for."""

        def ask_less() -> bool:
            before = min(self._at_once, len(steps))
            self._at_once = max(1, before // 2)
            return self._at_once < before

        return self._model.enduring(lambda: self._ask(steps[: self._at_once], self_limit), ask_less)

    @torch.no_grad()
    def _ask(self, steps: Sequence[int], self_limit: float) -> dict[int, SourceStep]:
        rows = len(steps)
        latents = self._pivot[list(steps)]
        labels = torch.tensor([self._levels.timesteps[i] for i in steps], device=self._model.device)
        embeddings = self._conditional.for_rows(rows)
        if self._unconditional is not None:
            latents, labels = latents.repeat(2, 1, 1, 1), labels.repeat(2)
            embeddings = stacked(self._unconditional.for_rows(rows), embeddings)
        positions = self._pivot[0, 0].numel() * self_limit
        recording = Recording(rows, positions, self._model.attention.attend)
        with self._model.attention.set_to(recording):
            outputs = self._model.predict_once(latents, labels, embeddings)
        return {
            i: recording.step(
                row,
                self_limit,
                outputs[row - rows :][:1],
                outputs[row : row + 1] if self._unconditional is not None else None,
            )
            for row, i in enumerate(steps)
        }

    def _room_for(self, size: int) -> torch.device | None:
        """Find the device where recordings of `size` bytes in all may stay: the model's own, else host memory; None
        where neither has the room.
        """
        for device in (self._model.device, torch.device("cpu")):
            if size <= KEPT * free_memory(device):
                return device
        return None
