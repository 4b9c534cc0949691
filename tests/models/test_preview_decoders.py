"""Which preview decoder a model has: its own, a published one of its family, or none, and why."""

import json
from pathlib import Path
from typing import Any

import pytest

from nti_desktop.models.families import FAMILIES, LatentSpace
from nti_desktop.models.library.catalog import BUILT_IN, built_in, find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.places import read_places
from nti_desktop.models.library.preview_decoders import (
    CONFIG,
    FOLDER,
    WEIGHTS,
    Found,
    config_of,
    published_preview_decoder,
    structure_of,
)
from nti_desktop.models.library.scan import candidates
from nti_desktop.models.library.store import listed_models
from nti_desktop.recipe.jobs import DecoderKind, DecoderStructure
from tests.preview_decoders import write_tiny
from tests.wild.files import write_original
from tests.wild.folders import write_folder

TAESD, TAESDXL = "madebyollin--taesd", "madebyollin--taesdxl"


@pytest.fixture(scope="module")
def sd15(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("models") / "sd15", "sd15")


@pytest.fixture
def model(sd15: Path, tmp_path: Path) -> Path:
    """A copy by links, which may be changed where a file is replaced."""
    for file in (file for file in sd15.rglob("*") if file.is_file()):
        copy = tmp_path / "model" / file.relative_to(sd15)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.symlink_to(file)
    return tmp_path / "model"


@pytest.fixture
def store() -> Path:
    path = read_places().store
    path.mkdir(parents=True)
    return path


def in_hub_cache(home: Path, name: str) -> Path:
    """Where the cache has a repository's newest snapshot."""
    repository, revision = home / "cache" / "huggingface" / "hub" / f"models--{name}", "a" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(revision)
    return repository / "snapshots" / revision


def change(folder: Path, **entries: object) -> None:
    content = json.loads((folder / CONFIG).read_text("utf-8"))
    (folder / CONFIG).write_text(json.dumps(content | entries), "utf-8")


def decoder_of(model: Path) -> Path | None:
    """The folder of the decoder that draws its previews; nothing is wrong with it."""
    entry = find_model(str(model))
    assert entry.preview_fault is None
    return entry.files.preview_decoder and entry.files.preview_decoder.weights.parent


def refused(model: Path) -> str:
    """The one sentence that says why a model has none; it can be used all the same."""
    entry = find_model(str(model))
    assert entry.files.preview_decoder is None
    assert entry.preview_fault is not None
    assert entry.preview_fault.endswith(".")
    assert ". " not in entry.preview_fault
    return entry.preview_fault


def test_a_model_has_none_unless_there_is_one(model: Path) -> None:
    assert decoder_of(model) is None
    assert built_in().files.preview_decoder is None


def test_one_in_the_models_own_folder_is_its_own_and_comes_first(model: Path, store: Path) -> None:
    write_tiny(store / TAESD)
    own = write_tiny(model / FOLDER, latent_channels=4)
    assert decoder_of(model) == own
    found = find_model(str(model)).files.preview_decoder
    assert found is not None
    assert found.structure == DecoderStructure(DecoderKind.TINY, 4, (8,) * 4, (1,) * 4, (2, 2, 2, 1))
    assert found.weights.is_file()


def test_a_model_is_the_same_whatever_draws_its_previews(model: Path) -> None:
    before = find_model(str(model))
    first = fingerprint(before)
    write_tiny(model / FOLDER)
    after = find_model(str(model))
    assert fingerprint(after) == first
    assert after.files == before.files


@pytest.mark.slow
def test_a_published_one_in_the_store_goes_with_every_model_of_its_families(
    sd15: Path, store: Path, tmp_path: Path
) -> None:
    taesd, taesdxl = write_tiny(store / TAESD), write_tiny(store / TAESDXL)
    wanted = {
        sd15: taesd,
        write_folder(tmp_path / "two", "sd21"): taesd,
        write_folder(tmp_path / "large", "sdxl"): taesdxl,
        write_original(tmp_path / "one.safetensors", "sd15"): taesd,
        write_original(tmp_path / "xl.safetensors", "sdxl"): taesdxl,
    }
    assert {model: decoder_of(model) for model in wanted} == wanted


def test_the_hubs_cache_is_looked_into_after_the_store(sd15: Path, store: Path, home: Path) -> None:
    cached = write_tiny(in_hub_cache(home, TAESD))
    assert decoder_of(sd15) == cached
    stored = write_tiny(store / TAESD)
    assert decoder_of(sd15) == stored


def test_a_decoder_under_another_name_is_not_guessed_to_fit(sd15: Path, store: Path) -> None:
    for name in ("taesdxl", "my decoder", "someone--taesd", TAESDXL):
        write_tiny(store / name)
    assert decoder_of(sd15) is None


@pytest.mark.parametrize("scaling_factor", [0.13025, 0.9])
def test_an_autoencoder_that_scales_otherwise_has_latents_of_its_own(
    model: Path, store: Path, scaling_factor: float
) -> None:
    write_tiny(store / TAESD)
    config = model / "vae" / CONFIG
    content = json.loads(config.read_text())
    config.unlink()
    config.write_text(json.dumps(content | {"scaling_factor": scaling_factor}))
    assert decoder_of(model) is None


@pytest.mark.parametrize("latents", [LatentSpace(16, 8, 0.18215), LatentSpace(4, 16, 0.18215)])
def test_a_published_one_is_no_fault_of_a_model_that_it_was_not_made_for(store: Path, latents: LatentSpace) -> None:
    write_tiny(store / TAESD)
    assert published_preview_decoder(FAMILIES[0], latents, store) == Found()
    assert published_preview_decoder(FAMILIES[0], LatentSpace(4, 8, 0.18215), store).decoder is not None


def test_a_decoder_is_no_model_and_none_that_is_broken(store: Path) -> None:
    write_tiny(store / TAESD)
    (store / TAESDXL).mkdir()
    assert candidates(read_places()) == ()
    assert [listed.source for listed in listed_models(read_places())] == ["built in"] * len(BUILT_IN)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"latent_channels": 16}, "enlarges 16 channels 8 times and not 4 channels 8 times"),
        ({"levels": 3}, "enlarges 4 channels 4 times"),
        ({"act_fn": "gelu", "upsample_fn": "bicubic"}, "of a kind"),
        ({"out_channels": 1}, "of a kind"),
    ],
)
def test_one_that_does_not_fit_is_refused_and_the_model_is_not(model: Path, config: dict[str, Any], words: str) -> None:
    write_tiny(model / FOLDER, **config)
    assert words in refused(model)


@pytest.mark.parametrize(
    "entries",
    [
        {"_class_name": "AutoencoderKL"},
        {"_class_name": None},
        {"_class_name": ["AutoencoderTiny"]},
        {"latent_channels": "4"},
        {"latent_channels": True},
        {"decoder_block_out_channels": [8, 8, 8, 16]},
        {"decoder_block_out_channels": [[8]] * 4},
        {"decoder_block_out_channels": [10**9] * 4},
        {"decoder_block_out_channels": []},
        {"decoder_block_out_channels": [8] * 10_000},
        {"num_decoder_blocks": [10**9] * 4},
        {"num_decoder_blocks": [1, 1, 1]},
        {"upsampling_scaling_factor": 0},
        {"upsampling_scaling_factor": 2.0},
        {"scaling_factor": 0},
        {"scaling_factor": "1"},
        {"scaling_factor": float("nan")},
        {"scaling_factor": 10**400},
        {"shift_factor": 0.1},
        {"act_fn": {}},
        {"act_fn": "exec"},
    ],
)
def test_numbers_and_kinds_that_none_has_are_refused(model: Path, entries: dict[str, object]) -> None:
    change(write_tiny(model / FOLDER), **entries)
    assert "of a kind" in refused(model)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100])


@pytest.mark.parametrize("file", [CONFIG, WEIGHTS])
@pytest.mark.parametrize(
    "damage", [Path.unlink, cut, lambda file: file.write_bytes(b""), lambda file: file.write_bytes(b"[" * 99_999)]
)
def test_a_damaged_one_is_refused(model: Path, file: str, damage: Any) -> None:
    damage(write_tiny(model / FOLDER) / file)
    assert "damaged or incomplete" in refused(model)


def test_pickled_weights_are_none(model: Path) -> None:
    folder = write_tiny(model / FOLDER)
    (folder / WEIGHTS).rename(folder / "diffusion_pytorch_model.bin")
    assert "damaged or incomplete" in refused(model)


def test_one_far_too_large_is_refused(model: Path) -> None:
    weights = write_tiny(model / FOLDER) / WEIGHTS
    with weights.open("r+b") as stream:
        stream.truncate(1 << 30)  # a hole
    assert "far too large" in refused(model)


def test_a_configuration_is_read_as_it_was_written() -> None:
    structure = DecoderStructure(DecoderKind.SUB_PIXEL, 16, (64, 64, 32), (2, 1, 1), (2, 2, 4))
    assert structure.factor == 16
    assert structure_of(json.loads(json.dumps(config_of(structure)))) == structure


def test_who_says_nothing_means_what_diffusers_means() -> None:
    from diffusers import AutoencoderTiny

    said = structure_of({"_class_name": "AutoencoderTiny"})
    assert said == structure_of(json.loads(AutoencoderTiny().to_json_string()))
    assert said is not None
    assert (said.latent_channels, said.factor) == (4, 8)
