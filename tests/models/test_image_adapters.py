"""What reads pictures beside the words: found, refused, given to a model and taken away again."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nti_desktop.core.errors import ModelError
from nti_desktop.models.formats.additions import read_addition
from nti_desktop.models.library.catalog import built_in, find_model
from nti_desktop.models.library.extending import extend, reduce
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.lookup import find_made_with
from nti_desktop.models.library.places import read_places, write_places
from tests.image_adapters import Kind, write_image_adapter, write_image_encoder
from tests.models.test_additions import write_lora
from tests.models.test_catalog import folder as folder

UNET = built_in().files.folder / "unet"


@pytest.fixture(params=list(Kind))
def adapter(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return write_image_adapter(tmp_path / "models", UNET, request.param)


@pytest.fixture
def model(folder: Path) -> Path:
    """A listed model."""
    write_places(read_places().with_added(folder))
    return folder


def changed(file: Path, **replaced: np.ndarray) -> Path:
    """The file with some weights more, in the place of those of the same name."""
    save_file(load_file(file) | {name.replace("__", "."): weight for name, weight in replaced.items()}, file)
    return file


def test_both_kinds_are_known_with_the_encoder_beside_them(adapter: Path) -> None:
    found = read_addition(adapter)
    assert found.image_encoder == adapter.parent / "image_encoder"
    assert found.about.startswith("IP-Adapter, reads pictures")
    assert not found.word


def test_it_tells_by_its_width_which_models_it_is_made_for(tmp_path: Path) -> None:
    file = write_image_adapter(tmp_path, UNET)
    changed(file, image_proj__norm__weight=np.ones(768, np.float32))
    assert read_addition(file).family == "Stable Diffusion 1"


def test_the_encoder_may_lie_where_those_for_sdxl_are_published(tmp_path: Path) -> None:
    file = write_image_adapter(tmp_path / "sdxl_models", UNET, encoder=False)
    encoder = write_image_encoder(tmp_path / "models" / "image_encoder")
    assert read_addition(file).image_encoder == encoder.resolve()


def test_the_encoder_may_be_a_file_where_comfyui_keeps_those(adapter: Path) -> None:
    ipadapter, clip_vision = (adapter.parent.parent / "comfyui" / name for name in ("ipadapter", "clip_vision"))
    ipadapter.mkdir(parents=True)
    clip_vision.mkdir()
    encoder = (adapter.parent / "image_encoder" / "model.safetensors").rename(clip_vision / "CLIP-ViT-H.safetensors")
    moved = adapter.rename(ipadapter / adapter.name)
    save_file({"vision_model.embeddings.class_embedding": np.ones(99, np.float32)}, clip_vision / "another.safetensors")
    save_file({"visual_projection.weight": np.ones((), np.float32)}, clip_vision / "0 a number.safetensors")
    (clip_vision / "A damaged one.safetensors").write_bytes(b"damaged")
    (clip_vision / "B folder.safetensors").mkdir()
    assert read_addition(moved).image_encoder == encoder.resolve()
    encoder.unlink()
    with pytest.raises(ModelError, match=r"that is not beside it; put the folder “image_encoder” .* into"):
        read_addition(moved)


def test_without_its_encoder_or_beside_another_it_says_what_to_do(adapter: Path) -> None:
    config = adapter.parent / "image_encoder" / "config.json"
    said = json.loads(config.read_text())
    config.write_text(json.dumps(said | {"projection_dim": 99, "hidden_size": 99}))
    with pytest.raises(ModelError, match=r"and “.*image_encoder” is another one; put the folder “image_encoder”"):
        read_addition(adapter)
    config.unlink()
    with pytest.raises(ModelError, match=r"that is not beside it; put the folder “image_encoder” .* into"):
        read_addition(adapter)
    config.write_text(json.dumps(said))
    (adapter.parent / "image_encoder" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"lacks model.safetensors; get the image encoder"):
        read_addition(adapter)


@pytest.mark.parametrize("name", ["image_proj__proj__3__weight", "ip_adapter__0__to_q_lora__down__weight"])
def test_those_for_faces_are_refused(tmp_path: Path, name: str) -> None:
    file = changed(write_image_adapter(tmp_path, UNET), **{name: np.ones((2, 2), np.float32)})
    with pytest.raises(ModelError, match="IP-Adapter for faces"):
        read_addition(file)


def test_a_damaged_one_is_refused(tmp_path: Path) -> None:
    file = changed(write_image_adapter(tmp_path, UNET), image_proj__norm__weight=np.ones((2, 2), np.float32))
    with pytest.raises(ModelError, match="damaged IP-Adapter"):
        read_addition(file)


def test_one_that_holds_more_than_an_adapter_is_refused(tmp_path: Path) -> None:
    file = changed(write_image_adapter(tmp_path, UNET), extra__weight=np.ones((2, 2), np.float32))
    with pytest.raises(ModelError, match=r"holds “extra\.weight”, which no IP-Adapter has"):
        read_addition(file)


def test_a_model_reads_pictures_by_one_that_has_no_weight_of_its_own(model: Path, adapter: Path) -> None:
    plain = fingerprint(find_model(str(model)))
    assert "IP-Adapter, reads pictures" in extend(model, adapter)
    entry = find_model(str(model))
    assert [each.image_encoder for each in entry.files.additions] == [adapter.parent / "image_encoder"]
    assert not entry.additions[0].has_weight
    assert fingerprint(entry) == plain, "it changes nothing but what is drawn after pictures"
    with pytest.raises(ModelError, match="is said with each edit"):
        extend(model, adapter, 0.5)
    second = adapter.with_name("second.safetensors")
    second.write_bytes(adapter.read_bytes())
    with pytest.raises(ModelError, match="does already; take that away first"):
        extend(model, second)
    reduce(model, adapter)
    assert find_model(str(model)).files.additions == ()


def test_it_comes_along_with_what_was_prepared_before_or_with_other_loras(
    model: Path, adapter: Path, tmp_path: Path
) -> None:
    style = write_lora(tmp_path / "style.safetensors")
    extend(model, style)
    made = find_model(str(model))
    wanted = fingerprint(made)
    reduce(model, style)
    extend(model, adapter)
    found = find_made_with(str(model), wanted, lambda entry: True, None, made.files.additions)
    assert {each.kind for each in found.files.additions} == {"LoRA", "IP-Adapter"}
