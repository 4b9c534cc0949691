"""Tune a built-in model into one that follows orders (InstructPix2Pix, Brooks et al. 2022, arXiv 2211.09800).

The UNet sees the photo beside the noise: its first layer is widened by as many channels, whose weights begin at zero,
so that it starts as the model it was. Text and picture are left out of some examples, so that each can guide by itself.
"""

import argparse
import copy
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from nti_desktop.studio.orders import reversed_order
from nti_desktop.studio.scenes import TRAINING_SEEDS
from nti_desktop.studio.train import checkpoint, pairs
from nti_desktop.studio.train.course import add_device_options, attend_plainly, half
from nti_desktop.studio.train.diffusion import draw_timesteps, logarithms_of_signal_to_noise, write_index
from nti_desktop.studio.train.formats import size_of
from nti_desktop.studio.train.pairs import Pairs, orders_of
from nti_desktop.studio.train.tokenizer import tokenizer_of

STREAMS = (*TRAINING_SEEDS, *range(4000, 4096))  # seeds of them, of scenes of the first world
HELD_BACK = 1  # the first stream is kept from the weights, to measure on
MEASURED = 12  # batches of it
BATCH = 32
LEARNING_RATE = 3e-4
WARMING = 200  # steps
COOLING = 0.4  # of the course, during which the learning rate falls to nothing
WITHOUT = 0.05  # of the examples: without text, without picture, and without both, each
UNCHANGED = 0.08  # of the examples ask for what is there already
CHANGED_COUNTS = 3.0  # times as much as what stays
VISIBLE = 0.25  # a difference of latents, whose deviation is about 1
FOLLOWS = 0.999
EVERY = 250  # steps from one checkpoint to the next


def begin(base: Path, tuned: Path, model: Path) -> None:
    """Make the folder of the model that is tuned: autoencoder and scheduler of the base, a tokenizer that knows orders,
    and a text encoder with rows for the new words: the base's, or that of a model that was tuned before.
    """
    for part in ("vae", "scheduler"):
        shutil.copytree(base / part, model / part, dirs_exist_ok=True)
    orders = (order for seed in STREAMS for made in orders_of(seed) for order in made)
    said = (text for order in orders for each in (order, reversed_order(order)) for text in each.ways)
    tokenizer = tokenizer_of(said, model / "tokenizer")
    encoder = CLIPTextModel.from_pretrained(tuned / "text_encoder", low_cpu_mem_usage=False)
    known = CLIPTokenizer.from_pretrained(tuned / "tokenizer").get_vocab()
    _give_rows(encoder, known, tokenizer)
    encoder.save_pretrained(model / "text_encoder")


def _give_rows(encoder: Any, known: Mapping[str, int], tokenizer: Any) -> None:
    """Carry the embeddings of the tokens that are known; new ones begin as the mean of all."""
    old: Tensor = encoder.get_input_embeddings().weight.data
    rows = old.mean(0).repeat(len(tokenizer), 1)
    for token, number in tokenizer.get_vocab().items():
        if token in known:
            rows[number] = old[known[token]]
    encoder.resize_token_embeddings(len(tokenizer))
    encoder.get_input_embeddings().weight.data.copy_(rows)
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        setattr(encoder.config, name, getattr(tokenizer, name))


def widened(unet: Any) -> Any:
    """A UNet like this one whose first layer sees a photo's channels beside the noise's, new weights being zero."""
    named = {name: value for name, value in unet.config.items() if not name.startswith("_")}  # not where it lay
    wide: Any = UNet2DConditionModel.from_config(named | {"in_channels": 2 * unet.config.out_channels})
    weights = unet.state_dict()
    first: Tensor = weights["conv_in.weight"]
    new = wide.config.in_channels - first.shape[1]
    weights["conv_in.weight"] = F.pad(first, (0, 0, 0, 0, 0, new))
    wide.load_state_dict(weights)
    return wide


def learning_rate(done: float, step: int) -> float:
    """After warming up it stays, and falls evenly at the end."""
    return LEARNING_RATE * min(1.0, (step + 1) / WARMING, max(0.0, 1 - done) / COOLING)


class Training:
    """A UNet and a text encoder under way. They begin as the UNet in the folder `tuned`, widened where it sees no photo
    yet, and as the text encoder that `begin` put into `model`. compiled: whether the UNet gets kernels of its own for
    each format, by a compiler that must be there; float32: see `half`.
    """

    def __init__(
        self, tuned: Path, model: Path, device: str, seed: int = 0, compiled: bool = False, float32: bool = False
    ) -> None:
        torch.manual_seed(seed)
        self._model, self._device, self._seed, self._float32 = model, device, seed, float32
        self._scheduler: Any = DDIMScheduler.from_pretrained(model / "scheduler")
        self._levels = logarithms_of_signal_to_noise(self._scheduler).to(device)
        first: Any = UNet2DConditionModel.from_pretrained(tuned / "unet", low_cpu_mem_usage=False)
        self.unet = widened(first.float()).to(device, memory_format=torch.channels_last)
        encoder: Any = CLIPTextModel.from_pretrained(model / "text_encoder", low_cpu_mem_usage=False)
        self.text_encoder = encoder.float().to(device)
        self._tokenizer = CLIPTokenizer.from_pretrained(model / "tokenizer")
        vae: Any = AutoencoderKL.from_pretrained(model / "vae", low_cpu_mem_usage=False)
        self._scale = float(vae.config.scaling_factor)
        self.averages = copy.deepcopy(self.unet), copy.deepcopy(self.text_encoder)
        self._weights = [*self.unet.parameters(), *self.text_encoder.parameters()]
        self._averaged = [weight for average in self.averages for weight in average.parameters()]
        self._optimiser = torch.optim.AdamW(self._weights, betas=(0.9, 0.98), weight_decay=1e-3, fused=True)
        self.parts: dict[str, Any] = {
            "unet": self.unet,
            "text_encoder": self.text_encoder,
            "average": self.averages[0],
            "text_average": self.averages[1],
            "optimiser": self._optimiser,
        }
        attend_plainly(self.unet, self.text_encoder, device, float32)
        self._predicted = torch.compile(self.unet, dynamic=False) if compiled else self.unet

    def loss(self, formats: Sequence[Pairs], lot: torch.Generator, averages: bool = False) -> Tensor:
        """Of the prediction of v for the target, the source beside it; what changes counts more than what stays. All of
        a step have one format, by lot. averages: of these, in place of the weights that learn.
        """
        unet, text_encoder = self.averages if averages else (self._predicted, self.text_encoder)
        orders = torch.tensor([float(len(found.ends)) for found in formats])
        found = formats[int(torch.multinomial(orders, 1, generator=lot))]
        which = torch.randint(len(found.ends), (BATCH,), generator=lot)
        source, target = (found.latents[found.ends[which, end]].float() for end in (0, 1))
        ids = found.ids[which, torch.randint(found.ids.shape[1], (BATCH,), generator=lot)].long()
        same = torch.rand(BATCH, generator=lot) < UNCHANGED
        source = torch.where(same[:, None, None, None], target, source)
        chance = torch.rand(BATCH, generator=lot)
        untold, unseen = chance < 2 * WITHOUT, (chance >= WITHOUT) & (chance < 3 * WITHOUT)
        ids = torch.where(untold[:, None], self._nothing(), ids)
        changed = ((source - target).abs().amax(1, keepdim=True) > VISIBLE).float()
        weight = 1 + (CHANGED_COUNTS - 1) * changed * (~unseen)[:, None, None, None]
        seen = torch.where(unseen[:, None, None, None], 0.0, source / self._scale)
        timesteps = draw_timesteps(self._levels, BATCH, lot)
        noise = torch.randn(target.shape, generator=lot)
        noisy = self._scheduler.add_noise(target, noise, timesteps)
        together = torch.cat([noisy, seen], dim=1).contiguous(memory_format=torch.channels_last)
        with half(self._device, self._float32):
            embeddings = text_encoder(ids).last_hidden_state
            predicted = unet(together, timesteps, embeddings).sample.float()
        errors = F.mse_loss(predicted, self._scheduler.get_velocity(target, noise, timesteps), reduction="none")
        return (weight * errors).mean() / weight.mean()

    def _nothing(self) -> Tensor:
        empty = self._tokenizer("", padding="max_length", max_length=self._tokenizer.model_max_length)
        return torch.tensor(empty["input_ids"])

    @torch.no_grad()
    def measured(self, formats: Sequence[Pairs]) -> float:
        """Loss of the averages, by the same lots each time."""
        lots = (checkpoint.generator(self._seed, -number) for number in range(1, MEASURED + 1))
        return fmean(self.loss(formats, lot, averages=True).item() for lot in lots)

    def run(self, formats: Sequence[Pairs], held_back: Sequence[Pairs], steps: int, kept: Path) -> None:
        """Train up to this step, from the checkpoint that is kept or from where things stand.

        held_back: only measured on.
        """
        step = first = checkpoint.resume(kept, self.parts)
        started, seen = time.monotonic(), 0.0
        while step < steps:
            loss = self.loss(formats, checkpoint.generator(self._seed, step))
            for group in self._optimiser.param_groups:
                group["lr"] = learning_rate(step / steps, step)
            self._optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self._weights, 1.0)
            self._optimiser.step()
            checkpoint.follow(self._averaged, self._weights, step, FOLLOWS)
            seen, step = seen + loss.item(), step + 1
            if step % 50 == 0:
                pace = (time.monotonic() - started) / (step - first)
                print(f"instruct: {step}, {step / steps:.0%}, v {seen / 50:.4f}, {pace:.3f} s a step", flush=True)
                seen = 0.0
            if step % EVERY == 0 or step == steps:
                checkpoint.save(kept, step, self.parts)
                self.export()
                print(f"instruct: {step}, v {self.measured(held_back):.4f} on what is held back", flush=True)

    def export(self) -> None:
        """Write the averages, and the index that makes the folder a StableDiffusionInstructPix2PixPipeline."""
        for name, average in zip(("unet", "text_encoder"), self.averages, strict=True):
            copy.deepcopy(average).half().save_pretrained(self._model / name)
        write_index(self._model, "StableDiffusionInstructPix2PixPipeline", self._scheduler)


def main() -> None:
    """Run the stages that are asked for, in order; each goes on where it stopped."""
    parser = argparse.ArgumentParser(prog="python -m nti_desktop.studio.train.instruct", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="begin, pairs, train; all if none is named")
    parser.add_argument("--base", type=Path, default=Path("resources/models/studio"), help="the model that is tuned")
    parser.add_argument("--tuned", type=Path, help="one that takes orders already, tuned from it, to train on")
    parser.add_argument("--out", type=Path, default=Path("out/instruct"), help="pairs, checkpoint and the model")
    parser.add_argument("--streams", type=int, default=len(STREAMS), help=f"of {pairs.SCENES_A_STREAM} scenes")
    parser.add_argument("--steps", type=int, default=9000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that draw pictures")
    parser.add_argument("--compile", action="store_true", help="the UNet; wants a C++ compiler, and pays after minutes")
    add_device_options(parser)
    arguments = parser.parse_args()
    stages, out = arguments.stages or ("begin", "pairs", "train"), arguments.out
    tuned = arguments.tuned or arguments.base
    model, seeds = out / "model", STREAMS[: arguments.streams]
    if "begin" in stages and not (model / "text_encoder").exists():
        begin(arguments.base, tuned, model)
    if "pairs" in stages:
        pairs.draw_all(out / "pairs", model, size_of(model), seeds, arguments.workers)
    if "train" in stages:
        found, held_back = (pairs.load_all(out / "pairs", some) for some in (seeds[HELD_BACK:], seeds[:HELD_BACK]))
        orders, pictures = (sum(map(len, each)) for each in zip(*((f.ends, f.latents) for f in found), strict=True))
        print(f"instruct: {orders} orders on {pictures} pictures", flush=True)
        compiled, float32 = arguments.compile, arguments.float32
        training = Training(tuned, model, arguments.device, compiled=compiled, float32=float32)
        training.run(found, held_back, arguments.steps, out / "instruct.pt")


if __name__ == "__main__":
    main()
