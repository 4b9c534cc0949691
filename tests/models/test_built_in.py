"""Several models come with the program; one of them may use another's autoencoder."""

import shutil
from pathlib import Path

import pytest

from nti_desktop.models.library import catalog
from nti_desktop.models.library.catalog import BUILT_IN, BuiltIn, built_in, defaults_of, find_model, installed
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.lookup import find_made_with
from nti_desktop.models.library.places import read_places
from nti_desktop.models.library.store import listed_models
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import EditDefaults
from tests.instruct_models import make_orders_model

BEST = EditDefaults(method=Method.INSTRUCT, steps=7, image_guidance=1.0)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A model that takes orders, with an autoencoder of its own."""
    return make_orders_model(built_in().files.folder, tmp_path / "whole")


@pytest.fixture
def orders(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same, built in, with the Studio's autoencoder; returns its id."""
    folder = shutil.copytree(whole, tmp_path / "orders")
    shutil.rmtree(folder / "vae")
    (folder / "words.txt").write_text("remove\nthe\nball\n")
    monkeypatch.setitem(catalog.BUILT_IN, "its-orders", BuiltIn("Its orders", str(folder), BEST, "studio/vae"))
    return "its-orders"


def test_each_is_found_by_its_id_and_listed_before_all_others(orders: str) -> None:
    entries = [find_model(id) for id in BUILT_IN]
    assert orders in BUILT_IN
    assert all(entry.built_in and entry.licence == "Apache-2.0" for entry in entries)
    assert [entry.id for entry in entries] == list(BUILT_IN)
    assert list(installed())[: len(entries)] == entries
    listed = listed_models(read_places())[: len(entries)]
    assert [model.entry for model in listed] == entries
    assert [model.key for model in listed] == list(BUILT_IN)


def test_one_with_anothers_autoencoder_has_all_else_of_its_own(orders: str) -> None:
    entry = built_in(orders)
    assert entry.files.autoencoder == built_in().files.folder / "vae"
    assert (entry.methods, entry.takes_orders, entry.words) == ((Method.INSTRUCT,), True, {"remove", "the", "ball"})
    assert entry.defaults == defaults_of(orders, takes_orders=True) == BEST
    assert (entry.native_size, entry.multiple) == (built_in().native_size, built_in().multiple)


def test_a_photo_edited_with_a_whole_copy_finds_the_built_in_one(orders: str, whole: Path) -> None:
    digest = fingerprint(find_model(str(whole)))
    shutil.rmtree(whole)
    entry = built_in(orders)
    assert find_made_with(str(whole), digest, lambda entry: True) == entry
