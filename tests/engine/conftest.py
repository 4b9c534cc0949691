"""The two models every engine test runs on: the one that the golden values were made with by the published code, and a
narrow one of the published SD 1.5 structure.
"""

import json
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from nti_desktop.core.resources import resource
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.models.library.catalog import find_model
from nti_desktop.recipe.jobs import ModelFiles
from tests.engine.trials import PROTOTYPE
from tests.wild.files import write_original


@pytest.fixture(autouse=True)
def _little_is_learned(learns_little: None) -> None:
    """A test that measures what is learned says how long."""


@pytest.fixture(scope="session")
def prototype() -> DiffusionModel:
    return load_model(ModelFiles(PROTOTYPE), torch.device("cpu"))


@pytest.fixture(scope="session")
def sd15_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A diffusers folder with SD 1.5's structure in full depth, narrow and untrained, and CLIP's real vocabulary."""
    folder = tmp_path_factory.mktemp("sd15")
    torch.manual_seed(0)
    UNet2DConditionModel(
        sample_size=64, block_out_channels=(32, 32, 64, 64), cross_attention_dim=64, attention_head_dim=8
    ).save_pretrained(folder / "unet")
    AutoencoderKL(
        sample_size=512,
        block_out_channels=(32, 32, 32, 32),
        layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
    ).save_pretrained(folder / "vae")
    CLIPTextModel(
        CLIPTextConfig(
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            bos_token_id=49406,
            eos_token_id=49407,
        )
    ).save_pretrained(folder / "text_encoder")
    CLIPTokenizer.from_pretrained(resource("models", "configs", "clip_tokenizer")).save_pretrained(folder / "tokenizer")
    DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", set_alpha_to_one=False, steps_offset=1
    ).save_pretrained(folder / "scheduler")
    index = {"text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"]}
    (folder / "model_index.json").write_text(json.dumps(index), "utf-8")
    return folder


@pytest.fixture(scope="session")
def sd15(sd15_folder: Path) -> DiffusionModel:
    return load_model(ModelFiles(sd15_folder), torch.device("cpu"))


@pytest.fixture(params=["prototype", pytest.param("sd15", marks=pytest.mark.slow)])
def model(request: pytest.FixtureRequest) -> DiffusionModel:
    """Each of the two in turn."""
    found: DiffusionModel = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> DiffusionModel:
    file = write_original(tmp_path_factory.mktemp("sdxl") / "xl.safetensors", "sdxl", dtype=torch.float16)
    return load_model(find_model(str(file)).files, torch.device("cpu"))
