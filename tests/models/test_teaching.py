"""A word that a model is taught: its name, its kind, its sentence, and the file that the model is given."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from nti_desktop.core.errors import ModelError
from nti_desktop.models.library import teaching
from nti_desktop.models.library.catalog import ModelEntry, built_in, find_model
from nti_desktop.models.library.extending import reduce
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.models.library.places import Given, read_places, write_places
from nti_desktop.models.library.store import listed_models
from nti_desktop.models.library.teaching import (
    check_kind,
    check_teachable,
    keep_taught,
    taught_word,
    with_word,
    word_file,
)
from nti_desktop.recipe.jobs import Figures
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.teaching import VECTORS, Taught
from nti_desktop.recipe.words import split_words
from tests.models.test_catalog import folder as folder
from tests.other_models import write_model

STUDIO = Path("studio")


def learned(word: str, *widths: int) -> Taught:
    return Taught(word, tuple(np.ones((VECTORS, width), np.float32) for width in widths), Figures(1.0, 0))


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("my mug", "my_mug"),
        ("  My   Mug ", "my_mug"),
        ("my-mug", "my_mug"),
        ("my_mug", "my_mug"),
        ("tasse à thé", "tasse_à_thé"),
        ("tasse a\u0300 the\u0301", "tasse_à_thé"),
        ("我的杯子", "我的杯子"),
        ("sks3", "sks3"),
        ("Mug 5", "mug_5"),
    ],
)
def test_a_name_is_one_word_in_a_sentence(name: str, word: str) -> None:
    assert taught_word(built_in(), name) == word
    assert [each.text for each in split_words(f"a photo of {word} on sand")][3] == word


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "has no name"),
        (" \t ", "has no name"),
        ("-_-", "has no letters"),
        ("123", "has no letters"),
        ("<my mug>", "“<” in “<my mug>” would split the word"),
        ("(my mug:1.2)", "would split the word"),
        ("my mug!", "“!” in"),
        ("Anna's mug", "“'” in"),
        ("ha\nha (", "would split"),
        ("🙂", "would split the word"),
        ("mug", "means something to “Studio \\(built in\\)” already; choose another name, as “my mug”"),
        ("MUG", "means something"),
        ("m" * 41, "too long"),
        ("lcm mug", "called by"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused_in_one_sentence(name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said) as refused:
        taught_word(built_in(), name)
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_a_word_of_clips_vocabulary_is_known_to_a_model_that_lists_none(folder: Path) -> None:
    (folder / "tokenizer" / "vocab.json").write_text('{"mug</w>": 1, "my": 2}')
    entry = replace(find_model(str(folder)), words=None)
    with pytest.raises(ModelError, match="means something"):
        taught_word(entry, "Mug")
    assert taught_word(entry, "my mug") == "my_mug"


@pytest.mark.parametrize("kind", ["", "  ", "?!", "dragon", "mug and dragon"])
def test_a_kind_that_says_nothing_to_the_model_is_refused(kind: str) -> None:
    with pytest.raises(ModelError, match=r"does not know “dragon”|not said what the word is"):
        check_kind(built_in(), kind)
    assert check_kind(built_in(), " glass mug ") == "glass mug"


@pytest.mark.parametrize(
    ("sentence", "written"),
    [
        ("a photo of my mug on sand", "a photo of my_mug on sand"),
        ("My Mug, at night", "my_mug, at night"),
        ("my_mug at night", "my_mug at night"),
        ("a photo of my_mug and my mug", "a photo of my_mug and my mug"),
    ],
)
def test_the_word_stands_where_its_name_does(sentence: str, written: str) -> None:
    assert with_word(sentence, "my mug", "my_mug") == written


@pytest.mark.parametrize("sentence", ["", "a mug on sand", "my big mug", "(my mug:1.3) on sand"])
def test_a_sentence_without_the_name_or_with_marks_is_refused(sentence: str) -> None:
    with pytest.raises(ModelError, match=r"is not in|weighs its words"):
        with_word(sentence, "my mug", "my_mug")


@pytest.mark.parametrize("name", ["my-mug", "My_Mug", "my  mug", "my-old mug"])
def test_a_name_of_several_words_is_found_as_it_was_typed(name: str) -> None:
    word = taught_word(built_in(), name)
    assert with_word(f"a photo of {name}", name, word) == f"a photo of {word}"


def test_models_that_see_the_photo_or_take_few_steps_are_not_taught() -> None:
    entry = built_in()
    check_teachable(entry)
    for sees, said in ((Sees.PHOTO, "orders"), (Sees.SURROUNDINGS, "filling in")):
        with pytest.raises(ModelError, match=said):
            check_teachable(replace(entry, sees=sees))
    with pytest.raises(ModelError, match="few steps"):
        check_teachable(replace(entry, defaults=replace(entry.defaults, few_steps=True)))


@pytest.fixture(params=["built in", "a folder"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, ModelEntry]:
    if request.param == "built in":
        return STUDIO, built_in()
    path = write_model(tmp_path / "model")
    write_places(read_places().with_added(path))
    return path, find_model(str(path))


def test_what_was_learned_is_an_embedding_that_the_model_is_given(model: tuple[Path, ModelEntry]) -> None:
    path, before = model
    said = keep_taught(before, path, learned("my_mug", 128))
    file, now = word_file(before, "my_mug"), find_model(str(path))
    assert {name: array.shape for name, array in load_file(file).items()} == {"my_mug": (VECTORS, 128)}
    assert "“my_mug”" in said
    assert read_places().given(path) == (Given(file),)
    assert [each.addition and each.addition.word for each in now.additions] == ["my_mug"]
    assert now.words is not None
    assert "my_mug" in now.words
    assert fingerprint(now) != fingerprint(before)
    assert any(listed.entry and listed.entry.additions == now.additions for listed in listed_models(read_places()))
    with pytest.raises(ModelError, match="was given the word “my_mug” before"):
        taught_word(now, "My mug")
    reduce(path, file)
    assert fingerprint(find_model(str(path))) == fingerprint(before)
    with pytest.raises(ModelError, match="was taught before and lies in"):
        taught_word(before, "my mug")
    file.unlink()
    assert taught_word(before, "my mug") == "my_mug"


def test_a_word_that_cannot_be_written_says_so_and_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    write_places(replace(read_places(), store=tmp_path / "store"))
    (tmp_path / "store" / "embeddings").write_text("in the way")
    with pytest.raises(ModelError, match="cannot be written"):
        keep_taught(built_in(), STUDIO, learned("my_mug", 128))
    assert read_places().given(STUDIO) == ()


def test_words_for_two_text_encoders_are_written_as_published() -> None:
    entry = built_in()
    with pytest.raises(ModelError, match="SDXL"):  # the Studio has one
        keep_taught(entry, STUDIO, learned("my_mug", 768, 1280))
    names = load_file(word_file(entry, "my_mug"))
    assert {name: array.shape for name, array in names.items()} == {"clip_l": (VECTORS, 768), "clip_g": (VECTORS, 1280)}


def test_the_longest_name_is_one() -> None:
    assert len(taught_word(built_in(), "m" * teaching.LONGEST_NAME)) == teaching.LONGEST_NAME
