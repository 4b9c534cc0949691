"""The stages that train the built-in model, in small: each runs, goes on where it stopped, and makes a usable model."""

import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from nti_desktop.engine.loading import load_model
from nti_desktop.jobs import ModelFiles
from nti_desktop.models.catalog import find_model
from nti_desktop.studio.captions import GROUND, Phrase, caption, draw_wording, phrases
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import TRAINING_SEEDS, draw
from nti_desktop.studio.train import autoencoder, checkpoint, diffusion, grid, pictures
from nti_desktop.studio.train.autoencoder import (
    Pictures,
    cuttings,
    middle,
    new_autoencoder,
    picture_loss,
    start_open,
    train_autoencoder,
    whole_pictures,
)
from nti_desktop.studio.train.diffusion import Lots, train_diffusion
from nti_desktop.studio.train.supervision import PhraseTokens, WatchedAttention, naming, supervision_loss
from nti_desktop.studio.train.tokenizer import train_tokenizer

STREAMS, SCENES = 3, 3


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    pictures.draw_all(folder / "pictures", STREAMS, workers=1, count=SCENES)
    return folder


@pytest.fixture(scope="module")
def drawn(work: Path) -> pictures.Drawn:
    return pictures.load(work / "pictures", STREAMS)


@contextmanager
def in_small() -> Iterator[None]:
    """Training with small batches, which look at small sheets."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, small in (
            (autoencoder, "BATCH", 1),
            (diffusion, "BATCH", 2),
            (grid, "SEEDS", range(6)),
            (grid, "COLUMNS", 3),
            (grid, "STEPS", 2),
        ):
            patch.setattr(module, name, small)
        yield


@pytest.fixture(scope="module")
def trained(work: Path, drawn: pictures.Drawn) -> Path:
    """A model after two steps of everything."""
    model = work / "model"
    train_tokenizer(drawn.scenes, model / "tokenizer")
    with in_small():
        train_autoencoder(drawn, work, model / "vae", 2, "cpu")
        train_diffusion(drawn, work, model, 2, "cpu")
    return model


def test_the_pictures_are_the_training_scenes_and_the_last_streams_are_held_back(drawn: pictures.Drawn) -> None:
    rng = random.Random(TRAINING_SEEDS[1])
    assert drawn.scenes[SCENES] == draw(rng)
    np.testing.assert_array_equal(drawn.image(SCENES), training_picture(drawn.scenes[SCENES]).image)
    assert drawn.training == (STREAMS - pictures.HELD_BACK) * SCENES
    assert drawn.masks.shape == (STREAMS * SCENES, 3, 16, 16)
    shares = drawn.masks.sum(1, dtype=np.int64)
    assert shares.max() <= 257  # ground and things do not overlap, but for rounding


def test_pictures_that_are_there_are_not_drawn_again(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures.draw_all(work / "pictures", STREAMS, workers=1, count=SCENES)
    assert capsys.readouterr().out == ""


def test_every_caption_word_is_one_token_and_other_words_are_bytes(trained: Path) -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(trained / "tokenizer")
    rng = random.Random(5)
    for word in {word for _ in range(60) for word in caption(draw(rng), draw_wording(rng)).split()}:
        pieces = tokenizer.tokenize(word)
        assert pieces == [f"{word}</w>"] or word not in (trained / "words.txt").read_text("utf-8").split()
    for word in ("zebra", "café", "日本", "x2"):
        ids = tokenizer(word, add_special_tokens=False).input_ids
        assert len(ids) > 1
        assert tokenizer.unk_token_id not in ids


def test_tokens_know_what_they_are_about(trained: Path) -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(trained / "tokenizer")
    rng = random.Random(0)
    scene = next(scene for scene in (draw(rng) for _ in range(100)) if len(scene.things) == 2)
    tokens = PhraseTokens(tokenizer)(phrases(scene))
    assert tokens.ids == tokenizer(caption(scene), add_special_tokens=False).input_ids
    words = [tokenizer.decode(id).strip() for id in tokens.ids]
    about = dict(zip(words, tokens.about, strict=True))
    assert about[scene.things[0].shape] == 1
    assert about[scene.things[1].shape] == 2 or scene.things[0].shape == scene.things[1].shape
    assert about[scene.ground.split()[-1]] == GROUND
    assert about["a"] is None


def test_attention_on_its_own_mask_costs_less_than_attention_elsewhere() -> None:
    tokens = PhraseTokens(lambda word, **_: type("Ids", (), {"input_ids": [1]}))([Phrase("on"), Phrase("ball", 1)])
    names = naming([tokens], context=5)
    assert names.nonzero().tolist() == [[0, 2, 1]]
    masks = torch.zeros(1, 3, 16, 16)
    masks[0, 1, :8, :8] = 1
    losses = []
    for top in (0, 8):
        layer = WatchedAttention()
        attention = torch.full((16, 16), 1e-4)
        attention[top : top + 8, :8] = 1
        layer.seen = attention.reshape(1, 256, 1).expand(-1, -1, 5)
        losses.append(float(supervision_loss([layer], names, masks)))
    assert losses[0] == pytest.approx(np.log(64), abs=0.05)  # the entropy of the mask is the least there is
    assert losses[1] > losses[0] + 3


def test_an_open_autoencoder_lets_colours_through_before_it_has_learned_anything() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    colours = torch.rand(8, 3, 1, 1).mul(2).sub(1).expand(-1, -1, 64, 64)
    differences = []
    for opened in (False, True):
        torch.manual_seed(1)
        model = new_autoencoder()
        if opened:
            start_open(model)
        with torch.no_grad():
            features = model.encoder.conv_in(colours)
            before = features.std((0, 2, 3)).mean()
            for block in model.encoder.down_blocks[:2]:
                features = block(features)
            differences.append(float(features.std((0, 2, 3)).mean() / before))
    assert differences[0] < 0.8
    assert differences[1] > 0.95


def test_the_picture_loss_is_nothing_for_equal_pictures_and_sees_colour_and_blur() -> None:
    images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    pictures = Pictures(images, torch.ones(1, 1, 32, 32))
    blurred = torch.nn.functional.avg_pool2d(images, 3, 1, 1)
    assert float(picture_loss(images, pictures)) == 0
    assert float(picture_loss(blurred, pictures)) > 0.1
    assert float(picture_loss(images + 0.3, pictures)) > 1


def test_things_count_more_than_what_is_around_them(drawn: pictures.Drawn) -> None:
    found = whole_pictures(drawn, torch.Generator().manual_seed(0))
    assert found.images.shape[1:] == (3, 128, 128)
    assert float(found.emphasis.min()) == 1
    assert float(found.emphasis.max()) > 3
    assert float(found.emphasis.mean()) < 3


def test_every_other_cutting_is_around_the_first_thing(drawn: pictures.Drawn) -> None:
    """On pictures that show where their things are and nothing else."""
    count, seen = len(drawn.images[0]), drawn.masks[:, 1].repeat(8, 1).repeat(8, 2)
    shown = replace(drawn, images=[np.stack([seen[n : n + count]] * 3, -1) for n in range(0, len(seen), count)])
    found = cuttings(shown, torch.Generator().manual_seed(0)).images
    assert found.shape[1:] == (3, 64, 64)
    share = found.add(1).div(2).mean((1, 2, 3))
    assert float(share[::2].min()) > 0.03
    assert float(share[1::2].mean()) < 0.9 * float(share[::2].mean())
    assert middle(drawn.masks[0, 1] * 0).tolist() == [0.5, 0.5]


def test_a_batch_is_the_same_whenever_it_is_drawn(trained: Path, drawn: pictures.Drawn) -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(trained / "tokenizer")
    latents = torch.randn(len(drawn.scenes), 8, 16, 16)
    one, again, other = (Lots(drawn, latents, tokenizer, "cpu", seed=0)(step) for step in (7, 7, 8))
    assert torch.equal(one.noise, again.noise)
    assert torch.equal(one.ids, again.ids)
    assert not torch.equal(one.noise, other.noise)


@pytest.mark.slow
def test_training_goes_on_where_it_stopped(
    drawn: pictures.Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two steps at once, or one, a stop and one more: the same weights."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train_autoencoder(drawn, whole, whole / "vae", 2, "cpu")
    save = checkpoint.save

    def save_and_stop(path: Path, step: int, state: Mapping[str, checkpoint.Stateful]) -> None:
        save(path, step, state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "EVERY", 1)
        patch.setattr(checkpoint, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train_autoencoder(drawn, parts, parts / "vae", 2, "cpu")
    assert checkpoint.resume(parts / "autoencoder.pt", {}) == 1
    train_autoencoder(drawn, parts, parts / "vae", 2, "cpu")
    one, other = (torch.load(folder / "autoencoder.pt", weights_only=True) for folder in (whole, parts))
    assert one["step"] == other["step"] == 2
    for name, value in one["parts"]["model"].items():
        assert torch.equal(value, other["parts"]["model"][name]), name


def test_a_checkpoint_is_whole_or_the_old_one(tmp_path: Path) -> None:
    layer = torch.nn.Linear(2, 2)
    path = tmp_path / "deep" / "a.pt"
    assert checkpoint.resume(path, {"layer": layer}) == 0
    checkpoint.save(path, 3, {"layer": layer})
    other = torch.nn.Linear(2, 2)
    assert checkpoint.resume(path, {"layer": other}) == 3
    assert torch.equal(layer.weight, other.weight)
    assert [file.name for file in path.parent.iterdir()] == ["a.pt"]


def test_what_comes_out_is_an_ordinary_model_in_half_precision(trained: Path, work: Path) -> None:
    from safetensors import safe_open

    entry = find_model(str(trained))
    assert entry.words is not None
    model = load_model(ModelFiles(trained))
    latents = model.encode(training_picture(draw(random.Random(1))).image)
    assert model.predict(latents, 500, model.embed("a red ball")).shape == latents.shape
    for part in ("unet", "text_encoder", "vae"):
        (weights,) = (trained / part).glob("*.safetensors")
        with safe_open(weights, "pt") as opened:
            assert {opened.get_tensor(name).dtype for name in opened.keys()} == {torch.float16}  # noqa: SIM118
    with Image.open(work / "grid-2.png") as sheet:
        assert sheet.size == (3 * 128, 2 * 128)


def test_training_goes_on_from_an_exported_model(
    trained: Path, drawn: pictures.Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a learning rate of nothing, what comes out is what was started from, in half precision."""
    monkeypatch.setattr(diffusion, "LEARNING_RATE", 0.0)
    for part in ("tokenizer", "vae"):
        shutil.copytree(trained / part, tmp_path / "model" / part)
    with in_small():
        train_diffusion(drawn, tmp_path, tmp_path / "model", 1, "cpu", seed=5, start=trained)
    for part in ("unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"):
        before, after = load_file(trained / part), load_file(tmp_path / "model" / part)
        assert all(torch.equal(before[name], after[name]) for name in before)
