"""Which models are offered, with which defaults, and which words they say they learned."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from nti_desktop.core.errors import ModelError
from nti_desktop.models.library.catalog import BUILT_IN, all_built_in, built_in, find_model, installed, models_folder
from nti_desktop.models.library.places import Places
from nti_desktop.recipe.kinds import Kind
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import EditDefaults, Windows

SD15: dict[str, dict[str, Any]] = {
    "model_index.json": {
        "_class_name": "StableDiffusionPipeline",
        "vae": ["diffusers", "AutoencoderKL"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "scheduler": ["diffusers", "PNDMScheduler"],
        "safety_checker": [None, None],
    },
    "unet/config.json": {
        "in_channels": 4,
        "sample_size": 64,
        "cross_attention_dim": 768,
        "block_out_channels": [320, 640, 1280, 1280],
    },
    "vae/config.json": {"latent_channels": 4, "block_out_channels": [128, 256, 512, 512]},
    "text_encoder/config.json": {"hidden_size": 768},
    "scheduler/scheduler_config.json": {"prediction_type": "epsilon"},
    "tokenizer/vocab.json": {"a</w>": 0},
}
WEIGHTS = {
    "unet": "unet/diffusion_pytorch_model.safetensors",
    "vae": "vae/diffusion_pytorch_model.safetensors",
    "text_encoder": "text_encoder/model.safetensors",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the layout and the sizes of Stable Diffusion 1.5, and next to no weights."""
    root = tmp_path / "my model"
    for name, content in SD15.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(content), "utf-8")
    (root / "tokenizer" / "merges.txt").write_text("a b</w>\n", "utf-8")
    for file in WEIGHTS.values():
        save_file({"weight": np.zeros(3, np.float32)}, root / file)
    return root


def change(folder: Path, file: str, **entries: object) -> None:
    content = json.loads((folder / file).read_text("utf-8"))
    (folder / file).write_text(json.dumps(content | entries), "utf-8")


def refusal(folder: Path | str) -> str:
    """The sentence with which a folder is refused; one sentence it must be."""
    with pytest.raises(ModelError) as caught:
        find_model(str(folder))
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert ". " not in sentence
    return sentence


def test_the_built_in_model_has_its_own_defaults_and_sizes() -> None:
    entry = find_model("studio")
    assert entry == built_in()
    assert entry.built_in
    assert (entry.native_size, entry.multiple, entry.licence) == (128, 8, "Apache-2.0")
    best = entry.defaults
    assert (best.method, best.steps, best.guidance_scale, best.preview_steps) == (Method.FLOWEDIT, 12, 1.5, 2)
    assert (best.self_limit, best.blend_positions, best.blend_threshold, best.blend_pooled) == (1.0, 200, 0.3, False)
    assert best.windows_for(Kind.COLOUR) == Windows(1.0, 1.0)
    assert best.windows_for(Kind.OTHER) == best.windows_for(Kind.MATERIAL) == Windows(0.4, 0.2)


def test_what_was_published_for_fifty_steps_takes_fifty() -> None:
    defaults = built_in().defaults
    assert defaults.steps_for(Method.NULL_TEXT) == 50
    assert defaults.steps_for(Method.RESIDUAL) == defaults.steps < 50


def test_a_stable_diffusion_folder_gets_the_published_defaults(folder: Path) -> None:
    entry = find_model(str(folder))
    assert entry.id == str(folder)
    assert entry.name == "my model"
    assert (entry.native_size, entry.multiple) == (512, 8)
    assert entry.defaults == EditDefaults()
    assert not entry.built_in


def test_a_copy_of_the_studio_weights_is_nobody_special(tmp_path: Path) -> None:
    shutil.copytree(built_in().files.folder, tmp_path / "copy")
    assert find_model(str(tmp_path / "copy")).defaults == EditDefaults()


def test_a_relative_folder_is_known_by_its_absolute_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert find_model("my model").id == str(folder)


def test_usable_folders_of_the_user_are_installed_and_broken_ones_left_out(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nti_desktop.models.library.catalog.read_places", lambda: Places(tmp_path))
    (tmp_path / "broken").mkdir()
    assert [entry.id for entry in installed()] == [*BUILT_IN, str(folder)]


def test_without_a_models_folder_there_is_only_what_is_built_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nti_desktop.models.library.catalog.read_places", lambda: Places(tmp_path / "none"))
    assert installed() == all_built_in()


def test_the_models_folder_is_the_users_own() -> None:
    assert models_folder().name == "models"
    assert "nti-desktop" in models_folder().parts


def test_a_folder_without_a_list_of_words_says_nothing_about_any(folder: Path) -> None:
    assert find_model(str(folder)).words is None


@pytest.mark.parametrize(
    "content",
    [
        b"ball\nred\n",
        b"ball\r\nred\r\n",
        b"\xef\xbb\xbfball\nred",
        b"\n Ball \n\nRED\nred\n,\n",
        b"red ball".replace(b" ", b"-"),
    ],
)
def test_the_words_of_a_model_are_read(folder: Path, content: bytes) -> None:
    (folder / "words.txt").write_bytes(content)
    assert find_model(str(folder)).words == {"ball", "red"}


def test_the_built_in_model_says_what_it_learned() -> None:
    words = built_in().words
    assert words is not None
    assert {"red", "ball", "sand"} <= words
    assert "zebra" not in words


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n \n",
        b"...\n",
        b"ball\nr\xe9d\n",
        "ball\n".encode("utf-16"),
        b"ball\nred and green\n",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"ball\x00\n",
        b"b" * 65,
        b"ball\n" * 250_000,
    ],
)
def test_a_words_file_that_is_no_list_of_words_is_refused(folder: Path, content: bytes) -> None:
    (folder / "words.txt").write_bytes(content)
    assert "words.txt in “my model”" in refusal(folder)
