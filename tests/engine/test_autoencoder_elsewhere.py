"""A model may use an autoencoder that lies elsewhere: it is checked, loaded and told apart as if it were its own."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from nti_desktop.core.errors import ModelError
from nti_desktop.engine.model.diffusion_model import DiffusionModel
from nti_desktop.engine.model.loading import load_model
from nti_desktop.models.formats.autoencoder import Paired, find_autoencoder
from nti_desktop.models.formats.layout import check_layout
from nti_desktop.models.library.catalog import ModelEntry, find_model, model_at
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.preview_decoders import own_preview_decoder
from nti_desktop.recipe.jobs import ModelFiles
from tests.preview_decoders import write_tiny
from tests.wild.files import write_original, write_original_vae
from tests.wild.folders import write_folder

CPU = torch.device("cpu")
VAE_WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("whole") / "whole", "sd15")


@pytest.fixture
def whole(written: Path, tmp_path: Path) -> ModelEntry:
    return find_model(str(shutil.copytree(written, tmp_path / "whole")))


@pytest.fixture
def apart(whole: ModelEntry, tmp_path: Path) -> ModelFiles:
    """The same model without its autoencoder, which lies in another's folder under another name."""
    folder = shutil.copytree(whole.files.folder, tmp_path / "apart")
    autoencoder = tmp_path / "other" / "first stage"
    autoencoder.parent.mkdir()
    (folder / "vae").rename(autoencoder)
    return ModelFiles(folder, autoencoder=autoencoder)


def same(one: DiffusionModel, other: DiffusionModel, part: str) -> bool:
    first, second = (getattr(model, part).state_dict() for model in (one, other))
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def refusal(files: ModelFiles) -> str:
    with pytest.raises(ModelError) as caught:
        check_layout(files.folder, files.autoencoder)
    return str(caught.value)


def test_it_is_the_same_model_as_with_an_autoencoder_of_its_own(whole: ModelEntry, apart: ModelFiles) -> None:
    assert check_layout(apart.folder, apart.autoencoder) == check_layout(whole.files.folder)
    assert fingerprint(replace(whole, files=apart)) == fingerprint(whole)
    one, other = (load_model(files, CPU) for files in (whole.files, apart))
    assert same(one, other, "unet")
    assert same(one, other, "vae")


def test_with_another_autoencoder_it_is_another_model(whole: ModelEntry, apart: ModelFiles) -> None:
    assert apart.autoencoder is not None
    weights = apart.autoencoder / VAE_WEIGHTS
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    assert fingerprint(replace(whole, files=apart)) != fingerprint(whole)


def test_in_place_of_its_own_another_one_can_be_used(whole: ModelEntry, apart: ModelFiles) -> None:
    both = replace(whole.files, autoencoder=apart.autoencoder)
    own = whole.files.folder / "vae" / VAE_WEIGHTS
    own.write_bytes(b"never read")
    assert same(load_model(both, CPU), load_model(apart, CPU), "vae")
    assert fingerprint(replace(whole, files=both)) == fingerprint(replace(whole, files=apart))


@pytest.mark.slow
def test_a_single_file_without_an_autoencoder_uses_one_in_a_folder(apart: ModelFiles, tmp_path: Path) -> None:
    entry = find_model(str(write_original(tmp_path / "all.safetensors", "sd15")))
    bare = write_original(tmp_path / "bare.safetensors", "sd15", without="vae")
    files = replace(entry.files, single=bare, autoencoder=apart.autoencoder)
    all_in_one, paired, folder = (load_model(each, CPU) for each in (entry.files, files, apart))
    assert same(paired, all_in_one, "unet")
    assert torch.equal(paired.embed("a ball").tokens, all_in_one.embed("a ball").tokens)
    assert same(paired, folder, "vae")
    first = fingerprint(replace(entry, files=files))
    assert first != fingerprint(replace(entry, files=replace(files, autoencoder=None)))
    assert apart.autoencoder is not None
    weights = apart.autoencoder / VAE_WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x55")
    assert first != fingerprint(replace(entry, files=files))


@pytest.mark.slow
def test_an_autoencoder_in_a_file_is_that_of_the_whole_model(whole: ModelEntry, tmp_path: Path) -> None:
    alone = write_original_vae(tmp_path / "vae.safetensors")
    all_in_one = write_original(tmp_path / "all.safetensors", "sd15")
    bare = write_original(tmp_path / "bare.safetensors", "sd15", without="vae")
    expected = load_model(find_model(str(all_in_one)).files, CPU)
    paired = [model_at(bare, alone), model_at(bare, all_in_one), model_at(whole.files.folder, alone)]
    assert len({fingerprint(entry) for entry in (*paired[:2], whole, paired[2])}) == 4
    for entry in paired:
        loaded = load_model(entry.files, CPU)
        assert same(loaded, expected, "vae")
        assert (loaded.scale, entry.multiple) == (8, 8)


def test_where_it_lies_is_told_by_what_is_there(whole: ModelEntry, tmp_path: Path) -> None:
    folder = whole.files.folder
    assert find_autoencoder(folder) == find_autoencoder(folder / "vae") == Paired(folder=folder / "vae")
    assert find_autoencoder(folder / "vae" / VAE_WEIGHTS) == Paired(folder=folder / "vae")
    alone = write_original_vae(tmp_path / "VAE.SAFETENSORS")
    assert find_autoencoder(alone) == Paired(file=alone)


@pytest.mark.slow
def test_what_holds_no_autoencoder_that_fits_is_refused(whole: ModelEntry, tmp_path: Path) -> None:
    def refused(path: Path) -> str:
        with pytest.raises(ModelError) as caught:
            model_at(whole.files.folder, path)
        return str(caught.value)

    bare = write_original(tmp_path / "bare.safetensors", "sd15", without="vae")
    assert "“bare.safetensors” holds no autoencoder (VAE)" in refused(bare)
    assert "There is no autoencoder (VAE) in “unet”" in refused(whole.files.folder / "unet")
    assert "cannot be read" in refused(tmp_path / "gone.safetensors")
    other = write_folder(tmp_path / "xl", "sdxl")
    assert "The autoencoder (VAE) in “xl” is made for models of another kind" in refused(other)
    wide = {f"{part}.conv_in.weight": torch.zeros(8, 16, 3, 3) for part in ("encoder", "decoder")}
    save_file(wide | {"decoder.up.0.block.0.conv1.weight": torch.zeros(1)}, tmp_path / "wide.safetensors")
    assert "made for models of another kind" in refused(tmp_path / "wide.safetensors")


def test_what_is_wrong_with_it_names_the_place_where_it_lies(apart: ModelFiles) -> None:
    assert apart.autoencoder is not None
    weights = apart.autoencoder / VAE_WEIGHTS
    data = weights.read_bytes()
    weights.write_bytes(data[:-1])
    assert f"first stage/{VAE_WEIGHTS} in “other” is damaged" in refusal(apart)
    weights.unlink()
    assert "The vae of “other” has no weights" in refusal(apart)
    (apart.autoencoder / "config.json").unlink()
    assert "“other” lacks first stage/config.json" in refusal(apart)


def test_one_of_other_latents_does_not_fit(apart: ModelFiles) -> None:
    assert apart.autoencoder is not None
    config = apart.autoencoder / "config.json"
    config.write_text(config.read_text("utf-8").replace('"latent_channels": 4', '"latent_channels": 16'), "utf-8")
    assert "The UNet of “apart”" in refusal(apart)


def test_its_preview_decoder_lies_beside_it(apart: ModelFiles) -> None:
    latents = check_layout(apart.folder, apart.autoencoder).latents
    assert own_preview_decoder(apart, latents).decoder is None
    assert apart.autoencoder is not None
    folder = write_tiny(apart.autoencoder.with_name("preview_decoder"))
    found = own_preview_decoder(apart, latents).decoder
    assert found is not None
    assert found.weights.parent == folder
