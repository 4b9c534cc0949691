"""Several models come with the program; one of them may use another's autoencoder."""

import shutil
from pathlib import Path

from nti_desktop.models.library.catalog import (
    BUILT_IN,
    ORDERS_ID,
    STUDIO_ORDERS_DEFAULTS,
    built_in,
    defaults_of,
    find_model,
    installed,
    model_for,
)
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.lookup import find_made_with
from nti_desktop.models.library.places import read_places
from nti_desktop.models.library.store import listed_models
from nti_desktop.recipe.methods import METHODS, Method
from nti_desktop.recipe.sees import Sees
from tests.other_models import write_model


def test_each_is_found_by_its_id_and_listed_before_all_others() -> None:
    entries = [find_model(id) for id in BUILT_IN]
    assert ORDERS_ID in BUILT_IN
    assert all(entry.built_in and entry.licence == "Apache-2.0" for entry in entries)
    assert [entry.id for entry in entries] == list(BUILT_IN)
    assert list(installed())[: len(entries)] == entries
    listed = listed_models(read_places())[: len(entries)]
    assert [model.entry for model in listed] == entries
    assert [model.key for model in listed] == list(BUILT_IN)


def test_one_with_anothers_autoencoder_has_all_else_of_its_own() -> None:
    entry = built_in(ORDERS_ID)
    assert entry.files.autoencoder == built_in().files.folder / "vae"
    assert (entry.methods, entry.sees) == ((Method.INSTRUCT,), Sees.PHOTO)
    assert entry.words is not None
    assert {"remove", "side", "cube"} < entry.words
    assert entry.defaults == defaults_of(ORDERS_ID, Sees.PHOTO) == STUDIO_ORDERS_DEFAULTS
    assert (entry.native_size, entry.multiple) == (built_in().native_size, built_in().multiple)


def test_a_photo_edited_with_a_whole_copy_finds_the_built_in_one(tmp_path: Path) -> None:
    entry = built_in(ORDERS_ID)
    whole = shutil.copytree(entry.files.folder, tmp_path / "whole")
    shutil.copytree(built_in().files.folder / "vae", whole / "vae")
    digest = fingerprint(find_model(str(whole)))
    shutil.rmtree(whole)
    assert find_made_with(str(whole), digest, lambda entry: True) == entry


def test_from_each_the_ways_of_the_others_can_be_gone_and_from_ones_own_models_none(tmp_path: Path) -> None:
    sentences, by_order = built_in(), built_in(ORDERS_ID)
    assert sentences.ways == by_order.ways == tuple(method for method in METHODS if not method.row.fills)
    assert all(model_for(method, sentences).id == sentences.id for method in sentences.methods)
    assert model_for(Method.INSTRUCT, sentences) == by_order
    assert model_for(Method.PINNED, by_order) == sentences
    own = find_model(str(write_model(tmp_path / "own")))
    assert own.ways == own.methods
