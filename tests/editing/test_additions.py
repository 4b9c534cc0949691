"""Projects that were made with a LoRA: they know it again, and lose nothing when it is gone."""

from pathlib import Path

import pytest

from nti_desktop.editing.session import Session
from nti_desktop.models.library.extending import extend, reduce
from nti_desktop.models.library.lookup import ModelGone
from nti_desktop.recipe.jobs import Addition
from tests.addition_files import as_kohya, write_lora
from tests.other_models import WISH, prepare, write_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def style(tmp_path: Path) -> Path:
    write_lora(tmp_path / "style.safetensors", {"unet.conv_in": (32, 8, 3, 3)}, as_kohya)
    return tmp_path / "style.safetensors"


def test_a_project_made_with_a_lora_goes_on_with_it_whatever_the_model_is_given_since(
    photo: Path, model: Path, style: Path
) -> None:
    extend(model, style, 0.5)
    prepare(photo, model)
    reduce(model, style)
    session = Session.open(photo)
    record = session.require_inversion()
    assert session.model_of(record).files.additions == (Addition(style, weight=0.5),)


def test_a_project_made_with_a_lora_that_is_gone_says_so_and_loses_nothing(
    photo: Path, model: Path, style: Path
) -> None:
    extend(model, style, 0.5)
    prepare(photo, model)
    kept = style.rename(style.with_suffix(".kept"))
    session = Session.open(photo)
    before, record = session.project, session.require_inversion()
    with pytest.raises(ModelGone) as gone:
        session.model_of(record)
    assert str(gone.value) == (
        "The LoRA “style.safetensors” that this photo was prepared with is not on this computer; bring it back, or "
        "prepare the photo again with another."
    )
    session.add_version("Again", WISH)
    session.save()
    session = Session.open(photo)
    assert session.project.inversions == before.inversions
    assert session.project.versions[: len(before.versions)] == before.versions
    assert session.working_copy.arrays_source(record.id)()["pivot"].size
    kept.rename(style)
    assert session.model_of(record).files.additions == (Addition(style, weight=0.5),)
