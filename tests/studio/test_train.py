"""The stages that train the built-in model, in small: each runs, goes on where it stopped, and makes a usable model."""

import random
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from nti_desktop.engine.model.loading import load_model
from nti_desktop.models.library.catalog import find_model
from nti_desktop.recipe.jobs import ModelFiles
from nti_desktop.studio import render
from nti_desktop.studio.captions import caption, draw_words
from nti_desktop.studio.scenes import Shape
from nti_desktop.studio.train import autoencoder, checkpoint, course, grid, pictures
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
from nti_desktop.studio.train.course import Clock
from nti_desktop.studio.train.decoders import train_decoders
from nti_desktop.studio.train.diffusion import (
    COOL_DOWN,
    PLATEAU,
    Training,
    draw_timesteps,
    logarithms_of_signal_to_noise,
    new_scheduler,
)
from nti_desktop.studio.train.latents import encode_streams, load_examples
from nti_desktop.studio.train.pool import Pool
from nti_desktop.studio.train.tokenizer import train_tokenizer
from nti_desktop.studio.world import TRAINING_SEEDS, draw

pytestmark = pytest.mark.slow

STREAMS, SCENES = 3, 3
SEEDS = TRAINING_SEEDS[:STREAMS]
TRAINED_ON = SEEDS[pictures.HELD_BACK :]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    train_tokenizer(pictures.stream(SEEDS[0], 300), folder / "model" / "tokenizer")
    pictures.draw_all(folder / "pictures", folder / "model" / "tokenizer", STREAMS, workers=1, count=SCENES)
    return folder


@pytest.fixture(scope="module")
def drawn(work: Path) -> pictures.Drawn:
    return pictures.load(work / "pictures", SEEDS)


@contextmanager
def in_small() -> Iterator[None]:
    """Training with small batches, which look at small sheets."""
    small_course = replace(course.ON_PROCESSOR, pictures=2, cuttings=2, scenes=2)
    with pytest.MonkeyPatch.context() as patch:
        for module, name, small in (
            (course, "ON_PROCESSOR", small_course),
            (autoencoder, "SCALED_BY", 2),
            (grid, "SEEDS", range(6)),
            (grid, "COLUMNS", 3),
            (grid, "STEPS", 2),
        ):
            patch.setattr(module, name, small)
        yield


@pytest.fixture(scope="module")
def trained(work: Path) -> Path:
    """A model after two steps of everything."""
    model = work / "model"
    with in_small():
        train_autoencoder(work / "pictures", SEEDS, work, model / "vae", Clock(2), "cpu")
        encode_streams(work / "pictures", SEEDS, model / "vae", work / "latents", "cpu")
        train_decoders(work / "pictures", SEEDS, work, model, Clock(2), "cpu")
        Training(model, "cpu").run(pool_of(work), (), work / "diffusion.pt", Clock(2), PLATEAU)
    return model


def pool_of(work: Path) -> Pool:
    pool = Pool(work / "latents", work / "model" / "tokenizer", "cpu")
    pool.add_encoded(TRAINED_ON)
    return pool


def test_the_pictures_are_the_scenes_of_their_streams(drawn: pictures.Drawn) -> None:
    rng = random.Random(SEEDS[1])
    assert drawn.scenes[SCENES] == draw(rng)
    for number in (SCENES, SCENES + 1):
        np.testing.assert_array_equal(drawn.image(number), render.drawn(drawn.scenes[number], pictures.SIZE).image)
    assert sorted(chain(*drawn.by_format.values())) == list(range(len(drawn.scenes)))
    for number, (height, width) in enumerate(drawn.formats):
        assert drawn.image(number).shape == (height, width, 3)
        mask = drawn.mask(number)
        assert mask.shape == (3, height // 16, width // 16)
        assert mask.sum(0, dtype=np.int64).max() <= 257  # ground and things do not overlap, but for rounding


def test_several_things_that_are_alike_are_one_region(drawn: pictures.Drawn) -> None:
    scene = next(scene for scene in pictures.stream(TRAINING_SEEDS[0], 60) if len(scene.things) == 3)
    picture = render.drawn(scene, 64)
    ground, first, second = pictures._masks(scene, picture, 16).astype(float) / 255
    assert first.sum() * 16**2 == pytest.approx((picture.objects > 0).sum(), abs=4)
    assert second.sum() == 0
    assert ground.sum() > 0


def test_pictures_that_are_there_are_not_drawn_again(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures.draw_all(work / "pictures", work / "model" / "tokenizer", STREAMS, workers=1, count=SCENES)
    assert capsys.readouterr().out == ""


def test_every_caption_word_is_one_token_and_other_words_are_bytes(trained: Path) -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(trained / "tokenizer")
    rng = random.Random(5)
    for word in {word for _ in range(60) for word in caption(draw(rng), draw_words(rng)).split()}:
        pieces = tokenizer.tokenize(word)
        assert pieces == [f"{word}</w>"] or word not in (trained / "words.txt").read_text("utf-8").split()
    for word in ("zebra", "café", "日本", "x2"):
        ids = tokenizer(word, add_special_tokens=False).input_ids
        assert len(ids) > 1
        assert tokenizer.unk_token_id not in ids


def test_timesteps_are_mostly_where_noise_and_picture_are_equal_and_reach_both_ends() -> None:
    levels = logarithms_of_signal_to_noise(new_scheduler())
    steps = draw_timesteps(levels, 20_000, torch.Generator().manual_seed(0))
    assert int(steps.min()) < 10
    assert int(steps.max()) > 990
    near = (levels[steps].abs() < 1).float().mean()
    assert 0.5 < float(near) < 0.8
    assert abs(float(levels[steps].median())) < 0.3


def test_a_plateau_stays_and_a_cool_down_falls() -> None:
    plateau = [PLATEAU.rate(step, step / 50_000) for step in (0, 1000, 40_000)]
    assert plateau[0] < plateau[1] == plateau[2]
    falling = [COOL_DOWN.rate(step, step / 100) for step in range(100)]
    assert falling[0] == plateau[1]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] == pytest.approx(0.01 * falling[0])


def test_an_open_autoencoder_gives_the_mean_of_each_cell_before_it_has_learned_anything() -> None:
    torch.set_num_threads(1)
    lot = torch.Generator().manual_seed(0)
    cells = torch.rand(4, 3, 4, 4, generator=lot).mul(2).sub(1)
    cells[0] *= 0.2  # how bright a picture is, is not lost
    pictures = F.interpolate(cells, scale_factor=16) + 0.1 * torch.randn(4, 3, 64, 64, generator=lot)
    means, errors = F.avg_pool2d(pictures, 16), []
    for opened in (False, True):
        torch.manual_seed(1)
        model = new_autoencoder()
        if opened:
            start_open(model)
        with torch.no_grad():
            decoded = model.decode(model.encode(pictures).latent_dist.mode()).sample
        errors.append((F.avg_pool2d(decoded, 16) - means).abs())
    assert errors[0].mean() > 0.3
    assert errors[1].mean() < 0.1
    assert errors[1].max() < 0.25


def test_the_picture_loss_is_nothing_for_equal_pictures_and_sees_colour_and_blur() -> None:
    images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    pictures = Pictures(images, torch.ones(1, 1, 32, 32))
    blurred = torch.nn.functional.avg_pool2d(images, 3, 1, 1)
    assert float(picture_loss(images, pictures)) == 0
    assert float(picture_loss(blurred, pictures)) > 0.1
    assert float(picture_loss(images + 0.3, pictures)) > 1


def test_things_count_more_than_what_is_around_them(drawn: pictures.Drawn) -> None:
    found = whole_pictures(drawn, 8, torch.Generator().manual_seed(0), "cpu")
    assert found.images.shape[2:] in drawn.by_format
    assert float(found.emphasis.min()) == 1
    assert float(found.emphasis.max()) > 3
    assert float(found.emphasis.mean()) < 3


def test_every_other_cutting_is_around_the_first_thing(drawn: pictures.Drawn) -> None:
    """On pictures that show where their things are and nothing else."""
    masks = [drawn.mask(n)[1].repeat(16, 0).repeat(16, 1) for n in range(len(drawn.scenes))]
    pixels = [np.stack([mask] * 3, -1).ravel() for mask in masks]
    streams = [
        replace(stream, pixels=np.concatenate(pixels[n * SCENES : (n + 1) * SCENES]))
        for n, stream in enumerate(drawn.streams)
    ]
    shown = replace(drawn, streams=streams)
    found = cuttings(shown, 32, 64, torch.Generator().manual_seed(0), "cpu").images
    assert found.shape[1:] == (3, 64, 64)
    share = found.add(1).div(2).mean((1, 2, 3))
    assert float(share[::2].min()) > 0.03
    assert float(share[1::2].mean()) < 0.9 * float(share[::2].mean())
    assert middle(drawn.mask(0)[1] * 0).tolist() == [0.5, 0.5]


def test_a_draft_is_the_same_whenever_it_is_drawn_and_says_what_is_there(trained: Path, work: Path) -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(trained / "tokenizer")
    pool = pool_of(work)
    assert pool.size == len(TRAINED_ON) * SCENES
    one, again, other = (pool.draft(64, checkpoint.generator(0, step)) for step in (7, 7, 8))
    assert torch.equal(one.x0, again.x0)
    assert torch.equal(one.ids, again.ids)
    assert not torch.equal(one.ids, other.ids)
    said = [tokenizer.decode(row, skip_special_tokens=True).split() for row in one.ids]
    silent = [not words for words in said]
    assert 0 < sum(silent) < 32
    for words, names in zip(said, one.names, strict=True):
        of_the_first = [words[place - 1] for place in names[:, 1].nonzero().flatten().tolist()]
        assert not words or any(word.rstrip("s") in set(Shape) for word in of_the_first)


def test_streams_that_are_encoded_meanwhile_join_the_pool(trained: Path, work: Path, tmp_path: Path) -> None:
    pool = Pool(tmp_path / "latents", trained / "tokenizer", "cpu")
    pool.add_encoded(SEEDS)
    assert pool.size == 0
    shutil.copytree(work / "latents", tmp_path / "latents")
    for _ in range(2):
        pool.add_encoded(SEEDS)
        assert pool.size == STREAMS * SCENES


def test_a_clock_runs_by_steps_or_by_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("nti_desktop.studio.train.course.time.monotonic", lambda: now[0])
    by_steps, by_time = Clock(4), Clock(1000, seconds=10)
    assert [by_steps.done(step) for step in (0, 1, 4, 9)] == [0, 0.25, 1, 1]
    assert by_time.done(1) == 0.001
    now[0] += 5
    assert by_time.done(1) == 0.5
    now[0] += 50
    assert by_time.done(1) == 1


def test_training_goes_on_where_it_stopped(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps at once, or one, a stop and one more: the same weights."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    drawn = work / "pictures"
    with in_small():
        train_autoencoder(drawn, SEEDS, whole, whole / "vae", Clock(2), "cpu")
        save = checkpoint.save

        def save_and_stop(path: Path, step: int, state: Mapping[str, checkpoint.Stateful]) -> None:
            save(path, step, state)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(course, "ON_PROCESSOR", replace(course.ON_PROCESSOR, every=1))
            patch.setattr(checkpoint, "save", save_and_stop)
            with pytest.raises(KeyboardInterrupt):
                train_autoencoder(drawn, SEEDS, parts, parts / "vae", Clock(2), "cpu")
        assert checkpoint.resume(parts / "autoencoder.pt", {}) == 1
        train_autoencoder(drawn, SEEDS, parts, parts / "vae", Clock(2), "cpu")
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
    latents = model.encode(render.drawn(draw(random.Random(1)), pictures.SIZE).image)
    assert model.predict(latents, 500, model.embed("a red ball")).shape == latents.shape
    for part in ("unet", "text_encoder", "vae", "vae-sharp", "preview_decoder"):
        (weights,) = (trained / part).glob("*.safetensors")
        with safe_open(weights, "pt") as opened:
            assert {opened.get_tensor(name).dtype for name in opened.keys()} == {torch.float16}  # noqa: SIM118
    with Image.open(work / "diffusion-2.png") as sheet:
        assert sheet.size == (3 * pictures.SIZE, 2 * pictures.SIZE)


def test_the_small_decoder_draws_what_the_large_one_draws_at_its_size(trained: Path) -> None:
    entry = find_model(str(trained))
    assert entry.preview_fault is None
    model = load_model(entry.files)
    assert model.preview_decoder is not None
    assert sum(weight.numel() for weight in model.preview_decoder.parameters()) < 500_000
    latents = torch.randn(1, autoencoder.LATENT_CHANNELS, 13, 20, generator=torch.Generator().manual_seed(0))
    large, small = model.decode(latents), model.decode_preview(latents)
    assert large.shape == small.shape == (208, 320, 3)
    assert not np.array_equal(large, small)


def test_a_cool_down_starts_where_the_plateau_stands_and_leaves_it_alone(
    trained: Path, work: Path, tmp_path: Path
) -> None:
    """With a learning rate of nothing, the weights are those of the plateau."""
    model = shutil.copytree(trained, tmp_path / "model")
    plateau = shutil.copy(work / "diffusion.pt", tmp_path / "diffusion.pt")
    before = plateau.read_bytes()
    with in_small():
        training = Training(model, "cpu")
        checkpoint.resume(plateau, training.parts)
        training.run(pool_of(work), (), tmp_path / "cooldown.pt", Clock(2), replace(COOL_DOWN, highest=0.0))
    assert plateau.read_bytes() == before
    one, other = (torch.load(tmp_path / f"{name}.pt", weights_only=True)["parts"] for name in ("diffusion", "cooldown"))
    assert all(torch.equal(one["unet"][name], other["unet"][name]) for name in one["unet"])


def test_latents_are_made_once_and_are_those_of_the_pictures(
    trained: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (seed,) = TRAINED_ON
    drawn, made = pictures.load(work / "pictures", [seed]), load_examples(work / "latents", seed)
    model = load_model(ModelFiles(trained))
    for (height, width), numbers in drawn.by_format.items():
        for place, number in enumerate(numbers):
            expected = model.encode(drawn.image(number))
            found = made[height, width]
            assert torch.allclose(found.latents[place].float(), expected[0], atol=0.02, rtol=0.02)
            np.testing.assert_array_equal(found.masks[place], drawn.mask(number))
    monkeypatch.setattr("nti_desktop.studio.train.latents.encoded", None)
    encode_streams(work / "pictures", SEEDS, trained / "vae", work / "latents", "cpu")


def test_encoding_waits_for_what_another_process_draws(trained: Path, work: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    shutil.copytree(work / "pictures", folder, ignore=shutil.ignore_patterns(f"{SEEDS[1]}-masks.npy"))
    late = threading.Timer(0.6, shutil.copy, (work / "pictures" / f"{SEEDS[1]}-masks.npy", folder))
    late.start()
    encode_streams(folder, SEEDS[:2], trained / "vae", tmp_path / "latents", "cpu")
    late.join()
    assert sorted(load_examples(tmp_path / "latents", SEEDS[1])) == sorted(pictures.load(folder, SEEDS[1:2]).by_format)
