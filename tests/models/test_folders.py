"""Why a model's folder is refused, in one sentence, and what may be there or missing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from nti_desktop.models.families import SOLVERS
from nti_desktop.models.formats.layout import check_layout
from nti_desktop.models.library.catalog import find_model
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.settings import EditDefaults
from tests.models.test_catalog import SD15, WEIGHTS, change, refusal
from tests.models.test_catalog import folder as folder
from tests.rights import open_folder, without_rights


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


def test_what_a_model_sees_of_the_photo_is_told_by_its_channels(folder: Path) -> None:
    assert check_layout(folder).sees is Sees.NOTHING
    change(folder, "unet/config.json", in_channels=8)
    assert check_layout(folder).sees is Sees.PHOTO
    change(folder, "unet/config.json", in_channels=9)
    assert check_layout(folder).sees is Sees.SURROUNDINGS
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


SCHEDULE, UNET, VAE = "scheduler/scheduler_config.json", "unet/config.json", "vae/config.json"


@pytest.mark.parametrize(
    ("file", "entries", "said"),
    [
        (SCHEDULE, {"_class_name": "EDMDPMSolverMultistepScheduler"}, "another kind (EDM"),
        (SCHEDULE, {"_class_name": "EDMEulerScheduler", "prediction_type": "v_prediction"}, "another kind (EDM"),
        (SCHEDULE, {"sigma_data": 0.5}, "another kind (EDM"),
        (SCHEDULE, {"_class_name": "EulerDiscreteScheduler", "timestep_type": "continuous"}, "another kind (EDM"),
        (SCHEDULE, {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}, "flow matching"),
        (SCHEDULE, {"_class_name": "UniPCMultistepScheduler", "use_flow_sigmas": True}, "flow matching"),
        (SCHEDULE, {"_class_name": "SomebodysScheduler"}, "scheduler that it does not know"),
        (SCHEDULE, {"_class_name": ["DDIMScheduler"]}, "scheduler that it does not know"),
        (SCHEDULE, {"beta_schedule": "sigmoid"}, "schedule that it does not know"),
        (SCHEDULE, {"beta_end": float("nan")}, "schedule that it does not know"),
        (SCHEDULE, {"num_train_timesteps": "1000"}, "schedule that it does not know"),
        (SCHEDULE, {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}, "zero SNR"),
        ("model_index.json", {"scheduler": ["diffusers", "EDMEulerScheduler"]}, "another kind (EDM"),
        (UNET, {"time_cond_proj_dim": 256}, "told the guidance (LCM)"),
        (UNET, {"num_class_embeds": 1000}, "more than a picture and a text"),
        (UNET, {"down_block_types": ["AttnDownBlock2D"] * 4}, "parts that this program does not know"),
        (UNET, {"down_block_types": ["DownBlock2D"], "up_block_types": ["UpBlock2D"]}, "does not know"),
        (VAE, {"shift_factor": 0.1159}, "moves or scales its latents"),
        (VAE, {"latents_mean": [0.1] * 4, "latents_std": [5.0] * 4}, "moves or scales its latents"),
        (VAE, {"scaling_factor": "0.18215"}, "moves or scales its latents"),
        (VAE, {"scaling_factor": float("nan")}, "moves or scales its latents"),
        (VAE, {"scaling_factor": None}, "moves or scales its latents"),
        (VAE, {"scaling_factor": 10**400}, "moves or scales its latents"),
    ],
)
def test_what_would_be_computed_otherwise_is_refused(
    folder: Path, file: str, entries: dict[str, object], said: str
) -> None:
    change(folder, file, **entries)
    assert said in refusal(folder)


@pytest.mark.parametrize("solver", sorted(SOLVERS))
def test_every_solver_of_the_same_noise_is_accepted(folder: Path, solver: str) -> None:
    change(folder, SCHEDULE, _class_name=solver, use_karras_sigmas=True)
    change(folder, VAE, shift_factor=None, latents_mean=None, scaling_factor=0.18215)
    few = solver in ("LCMScheduler", "TCDScheduler")
    assert find_model(str(folder)).defaults.few_steps == few


def test_only_noise_at_the_noisy_end_makes_steps_from_there_no_turbo(folder: Path) -> None:
    change(folder, SCHEDULE, _class_name="EulerDiscreteScheduler", timestep_spacing="trailing")
    turbo = find_model(str(folder)).defaults
    assert (turbo.few_steps, turbo.steps, turbo.guidance_scale) == (True, 4, 1.0)
    change(folder, SCHEDULE, rescale_betas_zero_snr=True, prediction_type="v_prediction")
    assert find_model(str(folder)).defaults == EditDefaults()


def test_a_model_of_few_steps_takes_few_by_every_method(folder: Path) -> None:
    defaults = find_model(str(folder.rename(folder.with_name("SDXL-Lightning merge")))).defaults
    assert {defaults.steps_for(method) for method in Method} == {8}
    assert {defaults.guidance_of(method) for method in Method} == {1.0}
    assert defaults.preview_steps < defaults.steps


def test_a_text_encoder_of_another_model_is_refused(folder: Path) -> None:
    change(folder, "text_encoder/config.json", hidden_size=1024)
    assert "do not belong together" in refusal(folder)


def test_a_missing_tokenizer_is_refused(folder: Path) -> None:
    shutil.rmtree(folder / "tokenizer")
    assert "tokenizer" in refusal(folder)


@pytest.mark.parametrize("file", ["vocab.json", "merges.txt"])
def test_a_tokenizer_that_a_full_disk_left_empty_is_refused(folder: Path, file: str) -> None:
    assert find_model(str(folder)).native_size == 512
    (folder / "tokenizer" / file).write_bytes(b"")
    assert "has no whole tokenizer; add it again" in refusal(folder)


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


@pytest.mark.parametrize("named", ["w-0000{}-of-00002.fp16.safetensors", "w.fp16-0000{}-of-00002.safetensors"])
def test_pieces_in_half_precision_are_used(folder: Path, named: str) -> None:
    in_pieces(folder, [named.format(number) for number in (1, 2)])
    index = folder / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    half = index.rename(index.with_name("diffusion_pytorch_model.safetensors.index.fp16.json"))
    assert find_model(str(folder)).files.half == {"unet"}
    half.unlink()
    assert f"lacks {half.name}, which says how its weights lie in pieces" in refusal(folder)


def test_a_folder_that_only_holds_files_of_weights_says_what_to_add(tmp_path: Path) -> None:
    (tmp_path / "one.SAFETENSORS").touch()
    assert "add its file “one.SAFETENSORS”" in refusal(tmp_path)
    (tmp_path / "another.safetensors").touch()
    assert "holds 2 files of weights; add one of them" in refusal(tmp_path)


def test_a_missing_piece_is_refused(folder: Path) -> None:
    in_pieces(folder, ["one.safetensors", "two.safetensors"])
    (folder / "unet" / "two.safetensors").unlink()
    assert "two.safetensors" in refusal(folder)


@pytest.mark.parametrize("names", [[], ["../vae/x.safetensors"], ["/etc/passwd"], [3], [None], ["pickled.bin"]])
def test_an_index_that_points_elsewhere_is_refused(folder: Path, names: list[object]) -> None:
    in_pieces(folder, names)
    assert "is damaged" in refusal(folder)
