"""The latents of all training scenes: made once by the autoencoder, then kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file
from torch import Tensor

from nti_desktop.studio.train.autoencoder import encoded
from nti_desktop.studio.train.pictures import Drawn, Format


@dataclass(frozen=True, eq=False)
class Latents:
    """Latents (N, C, h, w) in half precision by format, scaled; places: where each scene's stand among its format's."""

    by_format: dict[Format, Tensor]
    formats: list[Format]
    places: list[int]

    def of(self, numbers: list[int]) -> Tensor:
        """Those of some scenes of one format (B, C, h, w), float32."""
        return self.by_format[self.formats[numbers[0]]][[self.places[n] for n in numbers]].float()

    @property
    def channels(self) -> int:
        return next(iter(self.by_format.values())).shape[1]


def encode_all(drawn: Drawn, folder: Path, kept: Path, device: str) -> Latents:
    """The latents of all training scenes, by the autoencoder in a folder; kept in a file for the next start."""
    places = [0] * len(drawn.scenes)
    for numbers in drawn.by_format.values():
        for place, number in enumerate(numbers):
            places[number] = place
    known = load_file(kept) if kept.exists() else {}
    if sum(map(len, known.values())) != drawn.training:
        autoencoder: Any = AutoencoderKL.from_pretrained(folder, low_cpu_mem_usage=False)
        autoencoder.to(device)
        known = {
            f"{height}x{width}": (
                encoded(autoencoder, drawn, numbers, device) * autoencoder.config.scaling_factor
            ).half()
            for (height, width), numbers in drawn.by_format.items()
        }
        save_file({name: latents.contiguous() for name, latents in known.items()}, kept)
    return Latents({size: known[f"{size[0]}x{size[1]}"] for size in drawn.by_format}, drawn.formats, places)
