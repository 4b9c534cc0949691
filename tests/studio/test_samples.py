"""The samples are whole, held out, and in the built-in model's own words."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.core.errors import ModelError
from nti_desktop.engine.model.loading import load_model
from nti_desktop.models.library.catalog import ORDERS_ID, built_in
from nti_desktop.models.library.samples import Sample, samples
from nti_desktop.recipe.words import unlearned_words
from nti_desktop.studio.camera import extent
from nti_desktop.studio.captions import caption
from nti_desktop.studio.orders import SHARES, order_of, targets
from nti_desktop.studio.render import TRAINING_SIZE, training_picture
from nti_desktop.studio.samples import CHOICES, SIZE, Choice, edited
from nti_desktop.studio.scenes import LEARNED_SHAPES, TRAINING_SEEDS, Ground, Sky


def at_training_size(picture: Image.Image) -> tuple[int, int]:
    """Width and height at which the model sees a sample."""
    width, height = (side * TRAINING_SIZE // SIZE for side in picture.size)
    return width, height


def sample_named(file: str) -> Sample:
    return next(sample for sample in samples() if sample.path.name == file)


def test_nearly_all_samples_have_orders_to_try() -> None:
    assert sum(sample.orders != () for sample in samples()) >= 10


def test_there_are_twelve_samples_with_three_edits_each() -> None:
    assert len(samples()) == 12
    assert all(len(sample.edits) == 3 for sample in samples())


def test_the_folder_holds_what_the_list_names_and_nothing_else() -> None:
    folder = samples()[0].path.parent
    assert {path.name for path in folder.iterdir()} == {sample.path.name for sample in samples()} | {"samples.json"}


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.file)
def test_a_sample_shows_its_held_out_scene_and_says_so(choice: Choice) -> None:
    assert choice.seed not in TRAINING_SEEDS
    sample = sample_named(choice.file)
    assert sample.caption == caption(choice.scene)
    with Image.open(sample.path) as picture:
        assert picture.size[::-1] == extent(choice.scene.view, SIZE)
        small = np.asarray(picture.convert("RGB").resize(at_training_size(picture), Image.Resampling.BOX), np.float64)
    error = np.mean((small - training_picture(choice.scene).image) ** 2)
    assert 10 * np.log10(255**2 / error) > 26


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.file)
def test_every_order_to_try_can_be_carried_out_in_its_scene_and_is_in_learned_words(choice: Choice) -> None:
    scene, orders = choice.scene, sample_named(choice.file).orders
    possible = {way for kind in SHARES for target in targets(scene, kind) for way in order_of(kind, scene, target).ways}
    assert len(set(orders)) == len(orders)
    assert set(orders) <= possible
    learned = built_in(ORDERS_ID).words
    assert learned is not None
    assert not [word for order in orders for word in unlearned_words(order, learned)]


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.path.name)
def test_every_edit_changes_the_caption_in_words_the_model_knows(sample: Sample) -> None:
    assert len(set(sample.edits)) == len(sample.edits)
    learned = built_in().words
    assert learned is not None
    for edit in sample.edits:
        assert edit != sample.caption
        assert unlearned_words(edit, learned) == ()
        kept = (Counter(edit.split()) & Counter(sample.caption.split())).total()
        assert kept >= len(sample.caption.split()) - 4  # "under a cloudy sky" is the longest attribute


def test_the_samples_show_every_ground_sky_and_shape() -> None:
    scenes = [choice.scene for choice in CHOICES]
    assert {scene.ground for scene in scenes} == set(Ground)
    assert {scene.sky for scene in scenes} == set(Sky)
    assert {thing.shape for scene in scenes for thing in scene.things} == set(LEARNED_SHAPES)


def test_no_two_samples_show_the_same_scene() -> None:
    assert len({choice.seed for choice in CHOICES}) == len(CHOICES)


def test_words_that_are_not_there_or_there_twice_cannot_be_replaced() -> None:
    assert edited("a red ball and a blue cone", "red", "green") == "a green ball and a blue cone"
    with pytest.raises(ValueError, match="cube"):
        edited("a red ball and a blue cone", "cube", "ring")
    with pytest.raises(ValueError, match="exactly once"):
        edited("a red ball and a red cone", "red", "green")


@pytest.mark.parametrize("text", ["", "{", "3", "[3]", "[{}]", '[{"file": "a.jpg"}]', "null"])
def test_a_damaged_list_is_one_sentence(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "samples.json").write_text(text, "utf-8")
    monkeypatch.setattr("nti_desktop.models.library.samples.resource", lambda *parts: tmp_path.joinpath(*parts[1:]))
    with pytest.raises(ModelError, match="damaged"):
        samples()


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.path.name)
def test_the_built_in_autoencoder_draws_every_sample_well(sample: Sample) -> None:
    model = load_model(built_in().files)
    with Image.open(sample.path) as picture:
        image = np.array(picture.convert("RGB").resize(at_training_size(picture), Image.Resampling.LANCZOS))
    again = model.decode(model.encode(image))
    assert -10 * np.log10(np.mean((again - image / 255) ** 2)) > 28
