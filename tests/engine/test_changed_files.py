"""A model whose files change while it is at work is loaded anew before the next job."""

import gc
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from nti_desktop.core.errors import ModelError
from nti_desktop.engine.model.loading import is_unchanged, load_model, stamps_of
from nti_desktop.engine.service import EngineService
from nti_desktop.models.formats.additions import read_addition
from nti_desktop.models.formats.layout import needed_files
from nti_desktop.models.library.catalog import find_model
from nti_desktop.recipe.jobs import Addition, MeasureJob, ModelFiles
from tests.addition_files import as_kohya, write_lora
from tests.wild.files import write_original, write_original_vae
from tests.wild.folders import write_folder


@pytest.fixture
def model(tmp_path: Path) -> ModelFiles:
    return find_model(str(write_folder(tmp_path / "model", "sd15"))).files


def with_lora(model: ModelFiles, file: Path, seed: int = 1) -> ModelFiles:
    """The model with a LoRA for its first layer, written by lot."""
    first = load_model(model, torch.device("cpu"), torch.float32).unet.conv_in.weight
    write_lora(file, {"unet.conv_in": tuple(first.shape)}, as_kohya, seed=seed)
    return replace(model, additions=(Addition(file, None, 1.0, read_addition(file).alphas),))


def job_of(files: ModelFiles) -> MeasureJob:
    return MeasureJob(files, np.zeros((64, 64, 3), np.uint8))


def first_layer(service: EngineService) -> Tensor:
    assert service._model is not None
    weight: Tensor = service._model.unet.conv_in.weight
    return weight


@pytest.mark.slow
def test_a_lora_that_was_written_anew_is_read_anew(model: ModelFiles, tmp_path: Path) -> None:
    service, file = EngineService("cpu"), tmp_path / "style.safetensors"
    seen = []
    for seed in (1, 2):
        files = with_lora(model, file, seed)
        service.measure(job_of(files))
        fresh = load_model(files, torch.device("cpu")).unet.conv_in.weight
        assert torch.equal(first_layer(service), fresh)
        seen.append(first_layer(service))
    assert not torch.equal(*seen)


def test_a_model_whose_lora_is_gone_goes_on_working(model: ModelFiles, tmp_path: Path) -> None:
    service, file = EngineService("cpu"), tmp_path / "style.safetensors"
    files = with_lora(model, file)
    service.measure(job_of(files))
    loaded = service._model
    file.unlink()
    service.measure(job_of(files))
    assert loaded is not None
    assert service._model is loaded


def test_every_file_that_decides_what_a_model_answers_is_noted(model: ModelFiles) -> None:
    for file in needed_files(model).values():
        stamps = stamps_of(model)
        assert is_unchanged(stamps)
        os.utime(file, ns=(0, stamps[file][1] + 1))
        assert not is_unchanged(stamps)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not say what is mapped")
@pytest.mark.parametrize("single", [False, True])
def test_no_weight_of_a_loaded_model_is_read_from_its_file(model: ModelFiles, tmp_path: Path, single: bool) -> None:
    if single:
        model = find_model(str(write_original(tmp_path / "model.safetensors", "sd15"))).files
    model = replace(model, autoencoder_file=write_original_vae(tmp_path / "vae.safetensors"))
    loaded = load_model(model, torch.device("cpu"))
    gc.collect()  # what the loaders leave
    assert loaded.unet.dtype == torch.float32  # as in the file
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()


def test_what_lies_on_a_drive_that_is_not_plugged_in_is_not_called_damaged(tmp_path: Path) -> None:
    drive, here = tmp_path / "drive", find_model(str(write_folder(tmp_path / "here", "sd15"))).files
    drive.mkdir()
    single = write_original(drive / "model.safetensors", "sd15")
    file = find_model(str(single)).files
    folder = find_model(str(write_folder(drive / "folder", "sd15"))).files
    paired = replace(here, autoencoder_file=write_original_vae(drive / "vae.safetensors"))
    given = with_lora(here, drive / "style.safetensors")
    drive.rename(tmp_path / "unplugged")
    for files in (file, folder, paired, given):
        with pytest.raises(ModelError, match=r"drive/.*” is not there; plug in its drive"):
            load_model(files, torch.device("cpu"))
