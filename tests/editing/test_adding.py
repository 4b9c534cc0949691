"""Adding a model: where nothing tells what it predicts it is asked, once."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from nti_desktop.core.errors import Cancelled, ModelError, OutOfMemory
from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.editing.adding import add_model, asking
from nti_desktop.models.formats.single_file import TELLING
from nti_desktop.models.library.answers import answers_file
from nti_desktop.models.library.catalog import ModelEntry, find_model
from nti_desktop.models.library.places import read_places
from tests.wild.files import write_original
from tests.wild.folders import write_folder


@dataclass
class Asked:
    """Stands for a model that answers, or fails to."""

    answer: str | Exception | None
    about: list[str] = field(default_factory=list)

    def __call__(self, entry: ModelEntry) -> str | None:
        self.about.append(entry.name)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A relative of Stable Diffusion 2 of which a weight says that it predicts v."""
    wide = 0.3 * torch.randn(32, generator=torch.Generator().manual_seed(0))
    return write_original(tmp_path / "mine.safetensors", "sd21", dtype=torch.float16, extra={TELLING: wide})


def stands(file: Path) -> tuple[object, int]:
    entry = find_model(str(file))
    return dict(entry.files.schedule)["prediction_type"], entry.native_size


def test_a_models_own_answer_stands_above_the_guess_until_the_file_changes(file: Path) -> None:
    assert stands(file) == ("v_prediction", 768)
    model = Asked("epsilon")
    for _ in range(2):
        assert "“mine” is listed" in add_model(file, None, model)
        assert stands(file) == ("epsilon", 512)
    assert model.about == ["mine"]
    os.utime(file, ns=(1, 1))
    assert stands(file) == ("v_prediction", 768)


def test_models_that_are_added_at_the_same_moment_are_all_listed(tmp_path: Path) -> None:
    folders = [tmp_path / f"{number}" for number in range(24)]
    for folder in folders:
        folder.mkdir()
        (folder / "mine.safetensors").touch()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda folder: add_model(folder, None, Asked(None)), folders))
    assert set(read_places().added) == set(folders)


@pytest.mark.parametrize("answer", [None, "sample", OutOfMemory("There is not enough memory."), ModelError("Damaged.")])
def test_no_answer_leaves_the_guess_and_the_model_is_listed(file: Path, answer: str | Exception | None) -> None:
    add_model(file, None, Asked(answer))
    assert stands(file) == ("v_prediction", 768)
    assert read_places().added == (file,)


def test_stopping_adds_nothing(file: Path) -> None:
    with pytest.raises(Cancelled):
        add_model(file, None, Asked(Cancelled("Stopped.")))
    assert read_places().added == ()


def test_who_says_what_it_predicts_is_not_asked(tmp_path: Path) -> None:
    stated = {"modelspec.prediction_type": "epsilon"}
    said = write_original(tmp_path / "said.safetensors", "sd21", dtype=torch.float16, metadata=stated)
    first = write_original(tmp_path / "first.safetensors", "sd15", dtype=torch.float16)
    model = Asked("v_prediction")
    for path in (said, first, write_folder(tmp_path / "folder", "tiny-sd")):
        add_model(path, None, model)
    assert model.about == []
    assert stands(said) == ("epsilon", 512)


def test_a_folder_of_models_is_added_as_a_place(file: Path) -> None:
    assert "are listed, 1 by now" in add_model(file.parent, None, Asked("epsilon"))
    assert read_places().added == (file.parent,)
    with pytest.raises(ModelError, match="add its file"):
        add_model(file.parent, file, Asked("epsilon"))


def test_a_damaged_memory_of_answers_is_no_harm(file: Path) -> None:
    add_model(file, None, Asked("epsilon"))
    for content in ("[", "[]", '{"a": 3}'):
        answers_file().write_text(content)
        assert stands(file) == ("v_prediction", 768)
    add_model(file, None, Asked("epsilon"))
    assert stands(file) == ("epsilon", 512)


@pytest.mark.slow
def test_weights_that_learned_nothing_answer_nothing(file: Path) -> None:
    assert asking(report_nothing, CancelToken())(find_model(str(file))) is None
