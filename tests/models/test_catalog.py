"""Which models are offered, and why a folder is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from nti_desktop.core.errors import ModelError
from nti_desktop.models.formats.layout import check_layout
from nti_desktop.models.library.catalog import BUILT_IN, all_built_in, built_in, find_model, installed, models_folder
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.places import Places
from nti_desktop.recipe.kinds import Kind
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import EditDefaults, Windows
from tests.rights import open_folder, without_rights

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
    assert (best.method, best.steps, best.guidance_scale, best.preview_steps) == (Method.RESIDUAL, 12, 1.5, 2)
    assert (best.self_limit, best.blend_positions, best.blend_threshold) == (1.0, 200, 0.8)
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


@pytest.mark.parametrize("name", ["", "   ", "no such folder", "~nobody-of-this-name/model", "nul\0byte", "x" * 5000])
def test_a_folder_that_is_not_there_is_refused(name: str) -> None:
    refusal(name)


def test_a_folder_without_an_index_is_refused(folder: Path) -> None:
    (folder / "model_index.json").unlink()
    assert "model_index.json" in refusal(folder)


JSON_FILES = [name for name in SD15 if not name.startswith("tokenizer")]


@pytest.mark.parametrize("file", JSON_FILES)
@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", '"unet"', "[" * 100_000, '{"a": ' + "9" * 5000 + "}", "\x00\x01"]
)
def test_broken_json_is_refused(folder: Path, file: str, text: str) -> None:
    (folder / file).write_text(text, "utf-8")
    assert file.split("/")[-1] in refusal(folder)


@pytest.mark.parametrize("file", JSON_FILES)
def test_json_in_another_encoding_is_refused(folder: Path, file: str) -> None:
    (folder / file).write_bytes("{}".encode("utf-16"))
    refusal(folder)


@pytest.mark.parametrize("file", JSON_FILES)
def test_huge_json_is_refused(folder: Path, file: str) -> None:
    change(folder, file, padding=" " * (1 << 20))
    assert "too large" in refusal(folder)


@pytest.mark.parametrize("file", JSON_FILES)
def test_a_missing_config_is_refused(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert file in refusal(folder)


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("unet/config.json", "in_channels"),
        ("unet/config.json", "sample_size"),
        ("unet/config.json", "cross_attention_dim"),
        ("vae/config.json", "latent_channels"),
        ("text_encoder/config.json", "hidden_size"),
    ],
)
@pytest.mark.parametrize("value", [None, "64", 64.0, True, -1, 0, 10**9, [64], {}, float("nan")])
def test_a_size_of_a_wrong_type_or_an_absurd_one_is_refused(folder: Path, file: str, key: str, value: object) -> None:
    change(folder, file, **{key: value})
    assert key in refusal(folder)


@pytest.mark.parametrize("file", ["unet/config.json", "vae/config.json"])
@pytest.mark.parametrize("value", [None, 4, [], [320.0], ["320"], [8] * 9, "320"])
def test_absurd_levels_are_refused(folder: Path, file: str, value: object) -> None:
    change(folder, file, block_out_channels=value)
    assert "block_out_channels" in refusal(folder)


def test_an_inpainting_model_is_refused(folder: Path) -> None:
    change(folder, "unet/config.json", in_channels=9)
    assert "inpainting" in refusal(folder)


def test_a_model_edited_by_instructions_takes_orders(folder: Path) -> None:
    assert not check_layout(folder).takes_orders
    change(folder, "unet/config.json", in_channels=8)
    assert check_layout(folder).takes_orders
    change(folder, "unet/config.json", in_channels=7)
    assert "more than a picture" in refusal(folder)


@pytest.mark.parametrize("key", ["addition_embed_type", "class_embed_type", "encoder_hid_dim_type"])
def test_a_unet_that_wants_more_than_a_text_is_refused(folder: Path, key: str) -> None:
    change(folder, "unet/config.json", **{key: "text_time"})
    assert "more than a picture and a text" in refusal(folder)


def test_a_transformer_pipeline_is_refused(folder: Path) -> None:
    change(folder, "model_index.json", transformer=["diffusers", "SD3Transformer2DModel"])
    assert "transformer" in refusal(folder)


def test_a_second_text_encoder_without_its_tokenizer_is_refused(folder: Path) -> None:
    change(folder, "model_index.json", text_encoder_2=["transformers", "CLIPTextModelWithProjection"])
    assert "has no tokenizer_2" in refusal(folder)


def test_a_refiner_is_refused(folder: Path) -> None:
    second = ["transformers", "CLIPTextModelWithProjection"]
    change(folder, "model_index.json", text_encoder=[None, None], text_encoder_2=second)
    assert "refiner" in refusal(folder)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer"])
@pytest.mark.parametrize("value", [["diffusers", "SomethingElse"], ["unet"], "unet", 3, {}])
def test_a_part_of_another_kind_is_refused(folder: Path, part: str, value: object) -> None:
    change(folder, "model_index.json", **{part: value})
    assert f"The {part} of" in refusal(folder)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer"])
@pytest.mark.parametrize("value", [None, [None, None]])
def test_a_pipeline_that_lacks_a_part_is_refused(folder: Path, part: str, value: object) -> None:
    change(folder, "model_index.json", **{part: value})
    assert f"has no {part}" in refusal(folder)


def test_an_unknown_prediction_is_refused(folder: Path) -> None:
    change(folder, "scheduler/scheduler_config.json", prediction_type="flow_prediction")
    assert "predicts" in refusal(folder)


def test_a_text_encoder_of_another_model_is_refused(folder: Path) -> None:
    change(folder, "text_encoder/config.json", hidden_size=1024)
    assert "do not belong together" in refusal(folder)


def test_a_missing_tokenizer_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "tokenizer")
    assert "tokenizer" in refusal(folder)


@pytest.mark.parametrize("part", WEIGHTS)
def test_missing_weights_are_refused(folder: Path, part: str) -> None:
    (folder / WEIGHTS[part]).unlink()
    assert f"The {part} of" in refusal(folder)


@pytest.mark.parametrize("single", [False, True])
def test_weights_that_may_not_be_read_are_not_called_missing(folder: Path, single: bool) -> None:
    with open_folder() as shared:
        shutil.copytree(folder, shared / "model")
        locked = shared / "model" / WEIGHTS["unet"]
        locked.chmod(0)
        with without_rights():
            assert "Permission denied" in refusal(locked if single else shared / "model")


@pytest.mark.parametrize("part", WEIGHTS)
@pytest.mark.parametrize("suffix", [".bin", ".ckpt"])
def test_weights_that_are_only_pickled_are_refused(folder: Path, part: str, suffix: str) -> None:
    (folder / WEIGHTS[part]).rename((folder / WEIGHTS[part]).with_suffix(suffix))
    assert "pickled" in refusal(folder)


def test_pickled_weights_beside_safe_ones_do_no_harm(folder: Path) -> None:
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"never read")
    assert find_model(str(folder)).native_size == 512


def test_weights_under_another_name_are_told_by_name(folder: Path) -> None:
    (folder / WEIGHTS["unet"]).rename(folder / "unet" / "diffusion_pytorch_model.non_ema.safetensors")
    assert "diffusion_pytorch_model.non_ema.safetensors" in refusal(folder)


def test_the_half_precision_variant_is_used_where_it_is_alone(folder: Path) -> None:
    (folder / WEIGHTS["unet"]).rename(folder / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    assert find_model(str(folder)).files.half == {"unet"}


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


def broken_by_truncation(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def broken_by_a_pointer(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3438167536\n")


def broken_by_emptiness(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("part", WEIGHTS)
@pytest.mark.parametrize("damage", [broken_by_truncation, broken_by_a_pointer, broken_by_emptiness])
def test_damaged_weights_are_refused(folder: Path, part: str, damage: Callable[[Path], None]) -> None:
    damage(folder / WEIGHTS[part])
    assert WEIGHTS[part] in refusal(folder)


def in_pieces(folder: Path, names: list[object]) -> None:
    (folder / WEIGHTS["unet"]).unlink()
    for name in names:
        if isinstance(name, str) and "/" not in name:
            save_file({"weight": np.zeros(3, np.float32)}, folder / "unet" / name)
    table = {"weight_map": {str(i): name for i, name in enumerate(names)}}
    (folder / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(table))


def test_weights_in_pieces_are_used(folder: Path) -> None:
    in_pieces(folder, ["one.safetensors", "two.safetensors"])
    assert find_model(str(folder)).native_size == 512


def test_a_missing_piece_is_refused(folder: Path) -> None:
    in_pieces(folder, ["one.safetensors", "two.safetensors"])
    (folder / "unet" / "two.safetensors").unlink()
    assert "two.safetensors" in refusal(folder)


@pytest.mark.parametrize("names", [[], ["../vae/x.safetensors"], ["/etc/passwd"], [3], [None]])
def test_an_index_that_points_elsewhere_is_refused(folder: Path, names: list[object]) -> None:
    in_pieces(folder, names)
    assert "is damaged" in refusal(folder)


def test_the_fingerprint_depends_on_weights_configs_and_tokenizer_alone(folder: Path) -> None:
    before = fingerprint(find_model(str(folder)))
    (folder / "README.md").write_text("A model.")
    (folder / "words.txt").write_text("ball\n")
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"never read")
    assert fingerprint(find_model(str(folder))) == before
    seen = {before}
    for file in (WEIGHTS["unet"], WEIGHTS["vae"], WEIGHTS["text_encoder"]):
        save_file({"weight": np.ones(3, np.float32)}, folder / file)
        seen.add(fingerprint(find_model(str(folder))))
    change(folder, "scheduler/scheduler_config.json", beta_end=0.02)
    seen.add(fingerprint(find_model(str(folder))))
    change(folder, "tokenizer/vocab.json", b=1)
    seen.add(fingerprint(find_model(str(folder))))
    assert len(seen) == 6


def test_the_fingerprint_does_not_depend_on_the_place(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere" / "other name")
    assert fingerprint(find_model(str(tmp_path / "elsewhere" / "other name"))) == fingerprint(find_model(str(folder)))


def test_a_fingerprint_of_a_folder_that_went_away_is_an_error(folder: Path) -> None:
    entry = find_model(str(folder))
    shutil.rmtree(folder)
    with pytest.raises(ModelError):
        fingerprint(entry)
