"""By which names the models are found that are listed."""

import shutil
from pathlib import Path

import pytest

from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.core.resources import resource
from nti_desktop.models.library.catalog import find_model
from nti_desktop.models.library.checking import verify
from nti_desktop.models.library.places import Places, default_store, read_places
from nti_desktop.models.library.programs import Source
from nti_desktop.models.library.store import find_listed
from tests.models.test_places import checkpoint, model_folder
from tests.wild.files import write_original


def test_a_name_that_two_models_have_is_refused(home: Path, tmp_path: Path) -> None:
    checkpoint(tmp_path / "x.safetensors")
    checkpoint(home / "ComfyUI/models/checkpoints/x.safetensors")
    places = Places(tmp_path)
    with pytest.raises(ModelError, match="give the whole path"):
        find_listed("x", places)
    assert find_listed(str(tmp_path / "x.safetensors"), places).source is Source.STORE
    with pytest.raises(ModelError, match="There is no model"):
        find_listed("y", places)


def test_what_is_listed_is_found_by_the_name_it_is_listed_by(home: Path, tmp_path: Path) -> None:
    cache, folder = home / "cache" / "huggingface" / "hub" / "models--owner--name", resource("models", "studio")
    checkpoint(cache / "refs" / "main").write_text("a" * 40)
    cached = shutil.copytree(folder, cache / "snapshots" / ("a" * 40))
    assert "“owner/name” is whole" in verify(cached, report_nothing, CancelToken()).sentence
    single = write_original(checkpoint(home / "ComfyUI/models/checkpoints/mine v1.5.safetensors"), "sd15")
    for name, path in {"owner/name": cached, "mine v1.5": single}.items():
        assert find_listed(name, read_places()).path == path
        assert find_model(name).id == str(path)
    stored = shutil.copytree(folder, default_store() / "owner--name")
    assert find_listed("owner/name", read_places()).path == stored  # a download is meant before the cache's
    checkpoint(home / "ComfyUI/models/checkpoints/deeper/mine v1.5.safetensors")
    with pytest.raises(ModelError, match="give the whole path"):
        find_model("mine v1.5")


def test_a_models_whole_name_is_meant_before_one_that_begins_like_it(tmp_path: Path) -> None:
    model_folder(tmp_path / "owner--model.5")
    with pytest.raises(ModelError, match="There is no model"):
        find_listed("owner/model", Places(tmp_path))
    whole = model_folder(tmp_path / "owner--model")
    checkpoint(tmp_path / "owner--model.safetensors")
    assert find_listed("owner/model", Places(tmp_path)).path == whole
