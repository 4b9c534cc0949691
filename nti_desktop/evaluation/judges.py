"""Networks that judge edits, where the user has their weights: CLIP, DINO's structure and LPIPS, as in PIE-Bench.

A folder holds what there is: `clip-vit-large-patch14` and `dino-vitb8` as on the Hugging Face Hub, with safetensors,
and `lpips-squeeze.safetensors`, SqueezeNet 1.1 and the LPIPS weights on top under their published names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import CLIPModel, CLIPTokenizer, ViTModel

from nti_desktop.core.errors import ModelError

Pixels = NDArray[np.floating]

CLIP, DINO, LPIPS = "clip-vit-large-patch14", "dino-vitb8", "lpips-squeeze.safetensors"
CLIP_TOKENS = 77
DINO_SIDE = 224  # pixels of the shorter side
OPENAI = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # mean and deviation, by channel
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # the same of DINO
FIRES = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128)} | {
    9: (256, 48, 192), 10: (384, 48, 192), 11: (384, 64, 256), 12: (512, 64, 256)
}  # fmt: skip
TAKEN = (1, 4, 7, 9, 10, 11, 12)  # layers of SqueezeNet that LPIPS compares
CHANNELS = (64, 128, 256, 384, 384, 512, 512)


@dataclass(frozen=True)
class Judges:
    """Those that there are. clip: (picture, sentence) -> similarity in per cent; structure, lpips: (picture, photo) ->
    distance; missing: files and folders that are not there.
    """

    clip: Callable[[Pixels, str], float] | None
    structure: Callable[[Pixels, Pixels], float] | None
    lpips: Callable[[Pixels, Pixels], float] | None
    missing: tuple[str, ...]


def judges_in(folder: Path | None) -> Judges:
    """The judges of a folder. Raises ModelError where one of them cannot be read."""
    makers: Mapping[str, Callable[[Path], Any]] = {CLIP: Clip, DINO: Structure, LPIPS: Lpips}
    found: dict[str, Any] = {}
    for name, maker in makers.items():
        if folder is None or not (folder / name).exists():
            continue
        try:
            found[name] = maker(folder / name)
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise ModelError(f"“{folder / name}” is no {name} that can be read; get it again.") from error
    missing = tuple(name for name in makers if name not in found)
    return Judges(found.get(CLIP), found.get(DINO), found.get(LPIPS), missing)


class Clip:
    """CLIP similarity of a picture and a sentence (Radford et al. 2021): 100 times the cosine, not below 0."""

    def __init__(self, folder: Path) -> None:
        loaded: Any = CLIPModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        self._model = loaded.eval()
        self._tokenizer: Any = CLIPTokenizer.from_pretrained(folder, local_files_only=True)

    @torch.no_grad()
    def __call__(self, picture: Pixels, sentence: str) -> float:
        told = self._tokenizer([sentence], return_tensors="pt", truncation=True, max_length=CLIP_TOKENS)
        seen = self.seen(picture, self._model.config.vision_config.image_size)
        answer = self._model(input_ids=told.input_ids, attention_mask=told.attention_mask, pixel_values=seen)
        return max(100 * float(F.cosine_similarity(answer.image_embeds, answer.text_embeds)[0]), 0.0)

    @staticmethod
    def seen(picture: Pixels, side: int) -> Tensor:
        """Shape a square picture as CLIP's own processor does: (1, 3, side, side), normalised."""
        image = Image.fromarray(np.round(picture * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
        mean, deviation = (torch.tensor(numbers)[None, :, None, None] for numbers in OPENAI)
        return (_tensor(np.asarray(image) / 255) - mean) / deviation


class Structure:
    """Structure distance (Tumanyan et al. 2022): how differently the parts of two pictures are alike among themselves,
    by the keys of DINO's last layer; the mean squared difference of the two matrices of cosines.
    """

    def __init__(self, folder: Path) -> None:
        loaded: Any = ViTModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, add_pooling_layer=False
        )
        self._model = loaded.eval()
        keys = [m for name, m in loaded.named_modules() if name.rsplit(".", 1)[-1] in ("key", "k_proj")]
        if not keys:
            raise ValueError("This is no vision transformer with keys.")
        keys[-1].register_forward_hook(self._keep)

    def _keep(self, _layer: Any, _inputs: Any, output: Tensor) -> None:
        self._keys = output

    @torch.no_grad()
    def _likenesses(self, picture: Pixels) -> Tensor:
        pixels = _tensor(picture)
        height, width = pixels.shape[-2:]
        scale = DINO_SIDE / min(height, width)
        size = (round(height * scale), round(width * scale))
        pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True)
        mean, deviation = (torch.tensor(numbers)[None, :, None, None] for numbers in IMAGENET)
        self._model((pixels - mean) / deviation, interpolate_pos_encoding=True)
        keys = F.normalize(self._keys[0], dim=-1)
        return keys @ keys.T

    def __call__(self, picture: Pixels, photo: Pixels) -> float:
        return float(F.mse_loss(self._likenesses(picture), self._likenesses(photo)))


class _Fire(nn.Module):
    """SqueezeNet's block (Iandola et al. 2016)."""

    def __init__(self, inside: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inside, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], dim=1)


class Lpips(nn.Module):
    """LPIPS 0.1 with SqueezeNet 1.1 (Zhang et al. 2018, eq. 1)."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, stride=2), nn.ReLU()]
        for number in range(2, 13):
            fire = FIRES.get(number)
            layers.append(nn.MaxPool2d(3, 2, ceil_mode=True) if fire is None else _Fire(*fire))
        self.features = nn.Sequential(*layers)
        self.weights = nn.ParameterList(torch.zeros(1, channels, 1, 1) for channels in CHANNELS)
        given = load_file(file)
        own = {
            name: given[f"lin{name.removeprefix('weights.')}.model.1.weight" if name.startswith("weights.") else name]
            for name in self.state_dict()
        }
        self.load_state_dict(own)
        self.requires_grad_(False)

    def _layers(self, picture: Pixels) -> list[Tensor]:
        shift, scale = (torch.tensor(n)[None, :, None, None] for n in ((-0.03, -0.088, -0.188), (0.458, 0.448, 0.45)))
        x = (_tensor(picture) * 2 - 1 - shift) / scale
        found = []
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number in TAKEN:
                found.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return found

    def forward(self, picture: Pixels, photo: Pixels) -> float:
        """The distance of two pictures, 0 for equal ones."""
        pairs = zip(self._layers(picture), self._layers(photo), self.weights, strict=True)
        return float(sum(((one - other).square() * weight).sum(1).mean() for one, other, weight in pairs))


def _tensor(picture: Pixels) -> Tensor:
    """(H, W, 3) -> (1, 3, H, W) float32."""
    return torch.tensor(np.asarray(picture, np.float32)).permute(2, 0, 1)[None]
