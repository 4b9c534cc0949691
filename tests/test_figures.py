"""The figures of the model card, in small: scenes, answers, resuming, tables and sheets."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nti_desktop.engine.methods import embedding
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.recipe.jobs import InvertJob, ModelFiles, RenderJob
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.recipe.structure import recipe_for
from nti_desktop.studio.camera import extent
from nti_desktop.studio.render import training_picture
from nti_desktop.studio.scenes import LEARNED_SHAPES
from nti_desktop.studio.variants import VARIANTS
from tests.figures import classifying, running
from tests.figures.answers import Answer
from tests.figures.areas import AREA, WHOLE, areas_table, has_an_area
from tests.figures.classifying import ensure_classifier
from tests.figures.editor import Editor
from tests.figures.measuring import Measurement, Places, is_right, sampling_settings
from tests.figures.running import Runner, Subject
from tests.figures.sheets import chosen, strip, write_sheet
from tests.figures.stories import FRAMES, SINGLE, STORY, story_seeds, story_table
from tests.figures.tables import (
    attribute_shares,
    attribute_table,
    mask_summary,
    mask_table,
    paired,
    truth_summary,
    truth_table,
)
from tests.figures.trials import (
    EVERY_CHANGE,
    FIRST,
    SECOND,
    WORLDS,
    candidates,
    one_thing_seeds,
    seeds,
    thing_word,
    trial,
)
from tests.figures.words import can_be_weighed, only_takes_away

pytestmark = pytest.mark.slow

PROTOTYPE = Subject(ModelFiles(Path(__file__).parent / "data" / "prototype"), "prototype")
SETTINGS = replace(STUDIO_DEFAULTS, steps=2)


def outcome(recovered: float | None, outside: float | None = 30.0) -> dict[str, float | None]:
    one = None if recovered is None else 1.0
    return {"recovered": recovered, "outside": outside, "verdict": one, "sharpness": one}


@pytest.mark.parametrize("kind", VARIANTS)
def test_a_trial_is_always_the_same_and_changes_one_thing(kind: str) -> None:
    first = trial(kind, next(seeds(kind)))
    assert first == trial(kind, next(seeds(kind)))
    assert first.variant in VARIANTS[kind](first.scene)
    values = candidates(first)
    assert values[0] == first.variant
    assert first.scene in values
    assert len(set(values)) == len(values) == len(VARIANTS[kind](first.scene)) + 1


def test_trials_change_to_every_value_whatever_the_number_of_things() -> None:
    for things in (1, 2):
        found = [t for t in (trial("shape", s) for s in islice(seeds("shape"), 300)) if len(t.scene.things) == things]
        assert {t.variant.things[0].shape for t in found} == set(LEARNED_SHAPES)


def test_a_removal_of_the_wrong_thing_or_of_both_is_not_right() -> None:
    found = (trial("removed", seed, EVERY_CHANGE) for seed in seeds("removed", world=EVERY_CHANGE))
    asked = next(each for each in found if len(each.scene.things) == 2)
    assert len(candidates(asked)) == 4
    source, *truths = (FIRST.picture(scene).image / 255 for scene in (asked.scene, *candidates(asked)))
    assert is_right(truths[0], source, truths)
    assert not [each for each in (source, *truths[1:]) if is_right(each, source, truths)]


def test_no_two_kinds_share_a_scene() -> None:
    starts = [next(seeds(kind)) for kind in VARIANTS]
    assert min(np.diff(sorted(starts))) == 1000
    assert not set(one_thing_seeds(200)) & {s for start in starts for s in range(start, start + 1000)}


@pytest.mark.parametrize("kind", SECOND.variants)
def test_the_second_world_has_trials_of_its_own(kind: str) -> None:
    asked = trial(kind, next(seeds(kind, world=SECOND)), SECOND)
    assert asked.scene == SECOND.draw(asked.seed) != FIRST.draw(asked.seed)
    assert asked.variant in SECOND.variants[kind](asked.scene)
    assert candidates(asked)[0] == asked.variant
    assert SECOND.picture(asked.scene).image.shape[:2] == extent(asked.scene.view, 256)


@pytest.mark.parametrize("world", ["broad", "tall"])
def test_other_formats_show_the_same_scenes_and_changes(world: str) -> None:
    square, other = (trial("ground", next(seeds("ground")), WORLDS[name]) for name in ("first", world))
    assert other.captions == square.captions
    height, width = other.world.picture(other.scene).image.shape[:2]
    assert (width > height) == (world == "broad")
    assert abs(height * width / 128**2 - 1) < 0.03


def test_a_model_of_the_second_world_is_measured_on_its_scenes(tmp_path: Path) -> None:
    subject = replace(PROTOTYPE, world="second")
    measurement = Measurement("visible", "pose", next(seeds("pose", world=SECOND)))
    with Runner(subject, file=tmp_path / "figures.jsonl") as runner:
        (answer,) = runner.run([measurement])
        assert answer == {"truth": {"visible": 1.0}}
        assert runner.visible_seeds("pose", 1) == [measurement.seed]
    assert subject.key(measurement) != PROTOTYPE.key(measurement)


def test_a_story_is_measured_beside_its_frames_as_single_edits(tmp_path: Path) -> None:
    asked = [Measurement("story", "", seed, SETTINGS) for seed in story_seeds(1)]
    with Runner(PROTOTYPE, file=tmp_path / "figures.jsonl") as runner:
        answers = runner.run(asked)
    (answer,) = answers
    assert set(answer) == {f"{way}: {frame}" for way in (STORY, SINGLE) for frame in FRAMES}
    assert all(figures["same"] in (0.0, 1.0) for figures in answer.values())
    assert f"{STORY}, ground and sky" in story_table(answers)


@pytest.mark.slow
def test_an_area_around_the_thing_is_measured_beside_the_whole_photo(tmp_path: Path) -> None:
    seed = next(seed for seed in seeds("colour") if has_an_area(trial("colour", seed)))
    with Runner(Subject(built_in().files, "weights"), 0, tmp_path / "answers.jsonl") as runner:
        answers = runner.run([Measurement("areas", "colour", seed, built_in().defaults)])
    assert answers[0].keys() == {WHOLE, AREA}
    assert all(0 < (found["recovered"] or 0) < 1 for found in answers[0].values())


def test_only_scenes_of_one_small_thing_have_an_area() -> None:
    found = [trial("colour", seed) for seed in islice(seeds("colour"), 32)]
    assert any(map(has_an_area, found))
    assert not any(has_an_area(asked) for asked in found if len(asked.scene.things) > 1)


def test_an_area_is_compared_with_the_whole_photo_scene_by_scene() -> None:
    scenes: list[Answer] = [{WHOLE: {"recovered": whole}, AREA: {"recovered": whole - 0.25}} for whole in (0.5, 1.0)]
    last = areas_table({"colour": scenes}).splitlines()[-1].split()
    assert (last[0], last[-4:]) == ("all", ["2", "-0.250", "-0.250", "-0.250"])


def test_the_word_of_a_mask_is_the_first_things() -> None:
    assert thing_word("a photo of a red glass mug behind a ball on sand").text == "mug"


def test_an_edit_a_baseline_and_a_mask_are_measured_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places = Places(strips=tmp_path)
    file = tmp_path / "figures.jsonl"
    asked = [
        Measurement("truth", "colour", 500_000, SETTINGS),
        Measurement("baselines", "colour", 500_000, sampling_settings(SETTINGS)),
        Measurement("guidance", "colour", 500_000, replace(SETTINGS, guidance_scale=5.0, guidances=())),
        Measurement("autoencoder", "", 520_000),
    ]
    with Runner(PROTOTYPE, file=file, places=places) as runner:
        answers = runner.run(asked)
    way = str(SETTINGS.method)
    assert set(answers[0]) == {way, f"{way} with blend", "mask"}
    assert set(answers[1]) == {"copy of the source", "sampling", "SDEdit"}
    assert answers[1]["copy of the source"]["recovered"] == 0
    assert answers[2][way] != answers[0][way]
    assert answers[3]["autoencoder"]["psnr"] is not None
    with Image.open(tmp_path / asked[0].strip_name()) as pictures:
        assert pictures.size == (4 * 128, 128)

    with file.open("a") as stream:
        stream.write('{"key": "torn')
    monkeypatch.setattr(running, "measure", None)
    with Runner(PROTOTYPE, file=file, places=places) as again:
        assert again.run(asked) == answers
    assert file.read_text().endswith("torn\n")
    assert "3 of" not in capsys.readouterr().out


def test_an_edit_is_what_the_program_makes_of_it() -> None:
    """Figures leave out what nobody looks at, and keep inversions for other guidances; pictures are the same."""
    asked = trial("sky", next(seeds("sky")))
    source, edit = asked.captions
    settings = InversionSettings(source, SETTINGS.method, SETTINGS.steps, SETTINGS.guidance_scale)
    service, files = EngineService(), PROTOTYPE.files
    inverted = service.invert(InvertJob(files, training_picture(asked.scene).image, settings))
    told = inverted.figures.explained
    job = RenderJob(files, "a", settings, inverted.arrays, recipe_for(edit, settings, SETTINGS, told))
    editor = Editor(PROTOTYPE.files)
    editor.edit(asked, replace(SETTINGS, guidance_scale=5.0, guidances=()))
    np.testing.assert_array_equal(editor.edit(asked, SETTINGS).image, service.render(job).image)


@pytest.mark.parametrize("method", [Method.EDICT, Method.EMBEDDING, Method.RESAMPLE, Method.DIFFEDIT])
def test_an_edit_by_a_neighbouring_method_is_what_the_program_makes_of_it(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "STEPS", 1)
    asked = trial("sky", next(seeds("sky")))
    editor, defaults = Editor(PROTOTYPE.files), replace(SETTINGS, method=method, guidances=(), explaining=None)
    image = training_picture(asked.scene).image
    settings = InversionSettings(asked.captions[0], method, SETTINGS.steps, SETTINGS.guidance_scale)
    service, files = EngineService(), PROTOTYPE.files
    arrays = service.invert(InvertJob(files, image, settings)).arrays
    recipe = recipe_for(asked.captions[1], settings, defaults)
    job = RenderJob(files, "a", settings, arrays, recipe, image=None if "pivot" in arrays else image)
    np.testing.assert_allclose(editor.edit(asked, defaults).image, service.render(job).image, atol=2e-3)


def test_every_guidance_of_a_sweep_is_another_edit() -> None:
    """Also where the description explains so much that none is taken back, and in whatever order."""
    asked = trial("ground", next(seeds("ground")))
    editor = Editor(PROTOTYPE.files)
    low, high, again = (
        editor.edit(asked, replace(SETTINGS, guidance_scale=scale, guidances=(), explaining=None)).image
        for scale in (1.5, 4.0, 1.5)
    )
    assert np.abs(low - high).max() > 0.02
    np.testing.assert_array_equal(low, again)


def test_another_model_other_settings_and_another_judge_are_other_measurements() -> None:
    one = Measurement("truth", "colour", 500_000, SETTINGS)
    assert one.key("a") != one.key("b")
    assert one.key("a") != replace(one, settings=replace(SETTINGS, cross_until=0.9)).key("a")
    assert one.strip_name() != replace(one, settings=replace(SETTINGS, method=Method.PINNED)).strip_name()
    assert one.key("a") != replace(one, judge="x").key("a")
    assert replace(one, figure="visible").key("a") == replace(one, figure="visible").key("b")


def test_what_cannot_be_seen_is_passed_over_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = {503_001, 503_002}
    asked: list[int] = []

    def measure(editor: object, measurement: Measurement, places: Places) -> Answer:
        asked.append(measurement.seed)
        return {"truth": {"visible": float(measurement.seed not in hidden)}}

    monkeypatch.setattr(running, "measure", measure)
    with Runner(PROTOTYPE) as runner:
        assert runner.visible_seeds("ground", 4) == [503_000, 503_003, 503_004, 503_005]
        assert runner.visible_seeds("ground", 2) == [503_000, 503_003]
    assert asked == [503_000, 503_001, 503_002, 503_003, 503_004, 503_005]


def test_the_classifier_is_trained_once_and_judges_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "classifier.safetensors"
    ensure_classifier(file, workers=0, count=4, epochs=1)
    monkeypatch.setattr(classifying, "train_classifier", None)
    ensure_classifier(file, workers=0)
    (seed,) = one_thing_seeds(1)
    with Runner(PROTOTYPE, places=Places(classifier=file)) as runner:
        ceiling, sampled = runner.run(
            [
                Measurement("ceiling", "", seed, judge="x"),
                Measurement("attributes", "", seed, sampling_settings(SETTINGS), judge="x"),
            ]
        )
    assert set(ceiling["right"]) == set(sampled["right"]) == set(VARIANTS)


def test_the_table_has_every_way_and_kind_with_what_the_autoencoder_lost_left_out() -> None:
    outcomes: dict[str, list[Answer]] = {
        "colour": [{"ours": outcome(0.5), "ours with blend": outcome(1.0)}, {"ours": outcome(None)}],
        "sky": [{"ours": outcome(-0.5, None)}, {"ours": outcome(1.0, None)}],
    }
    summary = truth_summary(outcomes)
    assert list(summary["ours"]) == ["colour", "sky", "all"]
    assert list(summary["ours with blend"]) == ["colour", "all"]
    colour, sky, every = summary["ours"].values()
    assert (colour.mean.mean, colour.mean.scenes, colour.lost, colour.outside) == (0.5, 1, 1, 30.0)
    assert (sky.mean.mean, sky.median, sky.positive, sky.outside) == (0.25, 0.25, 0.5, None)
    assert (every.mean.scenes, every.lost) == (3, 1)
    assert truth_table(summary).count("\n") == 5


def test_ways_are_compared_scene_by_scene() -> None:
    ours: list[Answer] = [{"ours": outcome(0.9)}, {"ours": outcome(0.4)}, {"ours": outcome(None)}]
    theirs: list[Answer] = [{"copy": outcome(0.8)}, {"copy": outcome(0.3)}, {"copy": outcome(None)}]
    found = paired(ours, "ours", theirs, "copy")
    assert found is not None
    assert found.mean == pytest.approx(0.1)
    assert found.scenes == 2
    assert paired(ours, "ours", theirs, "nobody") is None


def test_masks_are_summed_up_by_the_number_of_things() -> None:
    answers: list[Answer] = [{"mask": {"iou": 0.2 * n, "coverage": 1.0 * n, "things": float(n)}} for n in (1, 2, 2)]
    summary = mask_summary(answers)
    assert summary["one thing"].iou.mean == pytest.approx(0.2)
    assert summary["two things"].coverage.mean == 2
    assert summary["all"].iou.scenes == 3
    assert "two things" in mask_table(summary)


def test_what_cannot_be_judged_does_not_count() -> None:
    asked: list[dict[str, object]] = [{"colour": "red", "film": "a photo"}, {"colour": None, "film": "a sepia photo"}]
    answers: list[Answer] = [{"right": {"colour": 1.0, "film": 1.0}}, {"right": {"colour": None, "film": 0.0}}]
    shares = attribute_shares(answers, asked)
    assert (shares["colour"].right, shares["colour"].judged) == (1, 1)
    assert (shares["film"].right, shares["film"].by_value["a sepia photo"]) == (0.5, (0, 1))
    assert "a sepia photo 0% of 1" in attribute_table(shares, {"guidance 2": shares})


def test_a_sheet_shows_the_worst_tenth_first_and_a_few_others(tmp_path: Path) -> None:
    recovered = [0.9 - n / 100 for n in range(20)]
    numbers = chosen(recovered)
    assert numbers[:2] == [19, 18]
    assert len(set(numbers)) == len(numbers) == 6
    assert chosen([0.5]) == [0]
    strip([np.zeros((8, 8, 3)), np.ones((8, 8, 3))]).save(tmp_path / "a.png")
    write_sheet(tmp_path / "sheet.png", [(tmp_path / "a.png", "dark\nlight")] * 2)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (32, 2 * (16 + 36))
        assert sheet.getpixel((31, 15)) == (255, 255, 255)


def test_an_edit_that_only_takes_words_away_has_none_of_its_own_to_weigh() -> None:
    asked = [trial("weather", seed) for seed in islice(seeds("weather"), 40)]
    for each in asked:
        added = set(each.captions[1].split()) - set(each.captions[0].split())
        assert can_be_weighed(each) == bool(added)
        assert only_takes_away(each) == (not added)
    assert 0 < sum(map(only_takes_away, asked)) < len(asked)


def test_a_short_caption_is_completed_on_both_sides_of_an_edit_and_a_full_one_stays() -> None:
    brief = replace(trial("colour", 500_000), short=True)
    source, edit = brief.captions
    told = replace(brief, look=Look("at night", ground="on sand"))
    assert told.captions == (f"a photo of {source} on sand at night", f"a photo of {edit} on sand at night")
    assert replace(told, short=False).captions == replace(brief, short=False).captions
