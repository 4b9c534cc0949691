"""Figures and networks that judge: on small networks in the published formats, against what they are by definition."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, ViTConfig, ViTModel

from nti_desktop.core.errors import ModelError
from nti_desktop.core.resources import resource
from nti_desktop.evaluation import figures
from nti_desktop.evaluation.judges import CHANNELS, CLIP, DINO, LPIPS, Clip, Lpips, Structure, judges_in
from nti_desktop.evaluation.measuring import compare
from nti_desktop.evaluation.protocols import SIDE, Case


def picture(seed: int, side: int = 24) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random((side, side, 3))


def test_ssim_is_its_formula_at_every_window() -> None:
    x, y = picture(0, 14), picture(1, 14)
    place = np.arange(11) - 5
    gauss = np.exp(-(place[:, None] ** 2 + place**2) / (2 * 1.5**2))
    gauss /= gauss.sum()
    found = []
    for row, column, channel in product(range(4), range(4), range(3)):
        a, b = (p[row : row + 11, column : column + 11, channel] for p in (x, y))
        mean_a, mean_b = (gauss * a).sum(), (gauss * b).sum()
        var_a, var_b = (gauss * (a - mean_a) ** 2).sum(), (gauss * (b - mean_b) ** 2).sum()
        both = (gauss * (a - mean_a) * (b - mean_b)).sum()
        found.append(
            (2 * mean_a * mean_b + 1e-4) * (2 * both + 9e-4) / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4))
        )
    assert figures.ssim(x, y) == pytest.approx(np.mean(found), rel=1e-9)
    assert figures.ssim(x, x) == pytest.approx(1)
    with pytest.raises(ValueError, match="too small"):
        figures.ssim(x[:10], y[:10])


def write_lpips(file: Path) -> Path:
    """Random weights under the published names."""
    lot = torch.Generator().manual_seed(1)
    shapes = {"features.0.weight": (64, 3, 3, 3), "features.0.bias": (64,)}
    fires = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128), 9: (256, 48, 192)}
    fires |= {10: (384, 48, 192), 11: (384, 64, 256), 12: (512, 64, 256)}
    for number, (inside, squeezed, out) in fires.items():
        for name, shape in (
            ("squeeze", (squeezed, inside, 1, 1)),
            ("expand1x1", (out, squeezed, 1, 1)),
            ("expand3x3", (out, squeezed, 3, 3)),
        ):
            shapes[f"features.{number}.{name}.weight"] = shape
            shapes[f"features.{number}.{name}.bias"] = shape[:1]
    weights = {name: 0.1 * torch.randn(shape, generator=lot) for name, shape in shapes.items()}
    weights |= {f"lin{n}.model.1.weight": torch.rand(1, c, 1, 1, generator=lot) for n, c in enumerate(CHANNELS)}
    weights["classifier.1.weight"] = torch.zeros(1000, 512, 1, 1)  # which nobody needs
    save_file(weights, file)
    return file


def test_lpips_is_a_distance_in_the_layers_of_squeezenet(tmp_path: Path) -> None:
    lpips = Lpips(write_lpips(tmp_path / LPIPS))
    x, y = picture(0, 64), picture(1, 64)
    near = np.clip(x + 0.01 * (y - x), 0, 1)
    assert lpips(x, x) == 0
    assert 0 < lpips(near, x) < lpips(y, x)
    assert lpips(x, y) == pytest.approx(lpips(y, x))
    pixels = torch.tensor(x, dtype=torch.float32).permute(2, 0, 1)[None] * 2 - 1
    pixels = (pixels - torch.tensor([-0.03, -0.088, -0.188]).view(1, 3, 1, 1)) / torch.tensor(
        [0.458, 0.448, 0.45]
    ).view(1, 3, 1, 1)
    layers = lpips._layers(x)
    first = torch.nn.functional.conv2d(pixels, lpips.features[0].weight, lpips.features[0].bias, stride=2).relu()
    assert torch.allclose(layers[0], first / first.norm(dim=1, keepdim=True).clamp(min=1e-10), atol=1e-5)
    assert [layer.shape[1] for layer in layers] == list(CHANNELS)


def write_dino(folder: Path) -> Path:
    torch.manual_seed(2)
    config = ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=224, patch_size=32
    )
    ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def test_the_structure_is_in_the_keys_of_the_last_layer(tmp_path: Path) -> None:
    structure = Structure(write_dino(tmp_path / DINO))
    x, y = picture(0, 64), picture(1, 64)
    assert structure(x, x) == 0
    assert structure(y, x) > 0
    likenesses = structure._likenesses(x)
    assert likenesses.shape == (1 + 7 * 7, 1 + 7 * 7)
    assert torch.allclose(likenesses.diagonal(), torch.ones(50), atol=1e-5)
    model = ViTModel.from_pretrained(tmp_path / DINO, add_pooling_layer=False)
    kept: list[torch.Tensor] = []
    (*_, last) = [m for name, m in model.named_modules() if name.endswith((".key", ".k_proj"))]
    last.register_forward_hook(lambda _layer, _inputs, output: kept.append(output))
    pixels = torch.nn.functional.interpolate(
        torch.tensor(x, dtype=torch.float32).permute(2, 0, 1)[None], (224, 224), mode="bilinear", antialias=True
    )
    pixels = (pixels - torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(
        1, 3, 1, 1
    )
    with torch.no_grad():
        model(pixels)
    keys = torch.nn.functional.normalize(kept[0][0], dim=-1)
    assert torch.allclose(likenesses, keys @ keys.T, atol=1e-5)


def write_clip(folder: Path) -> Path:
    torch.manual_seed(3)
    text = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    vision = text | {"image_size": 32, "patch_size": 16}
    vocabulary = resource("models", "studio") / "tokenizer"
    config = CLIPConfig(
        text_config=text | {"vocab_size": 49408, "eos_token_id": 1}, vision_config=vision, projection_dim=16
    )
    CLIPModel(config).save_pretrained(folder)
    for file in vocabulary.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_clip_sees_a_picture_as_its_own_processor_shapes_it() -> None:
    x = picture(0, 96)
    theirs = CLIPImageProcessor()(np.round(x * 255).astype(np.uint8), return_tensors="pt").pixel_values
    assert torch.allclose(Clip.seen(x, 224), theirs, atol=0.05)  # a rounded level is .015 there


def test_every_judge_there_is_gives_its_figures_and_the_others_are_named(tmp_path: Path) -> None:
    case = Case("1", Path(), "", "a red cube", "a blue cube", runs=((0, SIDE * SIDE // 2),))
    x, y = picture(0, SIDE), picture(1, SIDE)
    without = compare(x, y, case, judges_in(tmp_path))
    assert set(without) == {"psnr", "mse", "ssim"}
    write_lpips(tmp_path / LPIPS)
    write_dino(tmp_path / DINO)
    assert judges_in(tmp_path).missing == (CLIP,)
    write_clip(tmp_path / CLIP)
    judges = judges_in(tmp_path)
    assert judges.missing == ()
    found = compare(x, y, case, judges)
    assert set(found) == {"psnr", "mse", "ssim", "lpips", "structure", "clip", "clip edited"}
    assert all(found[name] == without[name] for name in without)
    assert 0 <= found["clip"] <= 100
    assert judges_in(None).missing == (CLIP, DINO, LPIPS)


def test_only_what_may_not_change_is_compared() -> None:
    case = Case("1", Path(), "", "a", "b", runs=((0, SIDE * SIDE // 2),))
    photo = picture(0, SIDE)
    inside, outside = photo.copy(), photo.copy()
    inside[:200] = 0
    outside[-100:-50] = 0
    judges = judges_in(None)
    assert compare(inside, photo, case, judges)["psnr"] == 150
    assert compare(outside, photo, case, judges)["psnr"] < 20
    everywhere = Case("1", Path(), "", "a", "b", runs=((0, SIDE * SIDE),))
    assert compare(inside, photo, everywhere, judges) == {}
    unmarked = Case("1", Path(), "", "a", "b")
    assert compare(inside, photo, unmarked, judges)["psnr"] < 20


@pytest.mark.parametrize("name", [CLIP, DINO, LPIPS])
def test_a_judge_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    if name == LPIPS:
        (tmp_path / name).write_bytes(b"no weights")
    else:
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="get it again"):
        judges_in(tmp_path)
