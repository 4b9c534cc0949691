"""What is said about words that a model never learned, and which word a mask is offered for."""

from dataclasses import replace

import numpy as np
import pytest

from nti_desktop.editing import feedback
from nti_desktop.models.library.catalog import ModelEntry, built_in
from nti_desktop.models.library.samples import Sample, samples
from nti_desktop.photo.frame import Frame
from nti_desktop.recipe.costs import Rates, Speeds
from nti_desktop.recipe.emphasis import read_emphasis
from nti_desktop.recipe.jobs import Figures, Measured, Rendered
from nti_desktop.recipe.kinds import SMALL_WORDS, Kind, is_setting
from nti_desktop.recipe.memory import Forecast, Need, Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe, Side, WordControl, WordRef, with_weight
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.recipe.words import unlearned_words

LEARNED = frozenset(["a", "at", "ball", "blue", "cone", "green", "lamp", "on", "red", "ring", "sand", "shiny", "under"])


def said(prompt: str, entry: ModelEntry | None = None) -> str | None:
    entry = replace(entry or built_in(), words=LEARNED)
    return feedback.never_learned(entry, unlearned_words(prompt, entry.words))


def test_nothing_is_said_of_words_that_were_learned() -> None:
    assert said("A red ball, on sand!") is None


@pytest.mark.parametrize(
    ("prompt", "which"),
    [
        ("a zebra", "“zebra”"),
        ("a zebra, a Zebra", "“Zebra”"),
        ("a zebra on grit", "“zebra” and “grit”"),
        ("a zebra with fur", "“zebra”, “with” and 1 other word"),
        ("a zebra with fur on grit", "“zebra”, “with” and 2 other words"),
        ("a " + "z" * 300, "“" + "z" * 19 + "…”"),
    ],
)
def test_a_sentence_names_a_few_words(prompt: str, which: str) -> None:
    assert said(prompt) == f"The model “Studio (built in)” never learned {which}; the edit may do nothing there."


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("bleu", "blue"), ("grean", "green"), ("BALLS", "ball"), ("lap", "lamp"), ("shinny", "shiny")],
)
def test_a_mistyped_word_is_answered_with_the_one_that_was_meant(typed: str, meant: str) -> None:
    assert (said(typed) or "").endswith(f"Did you mean “{meant}”?")


@pytest.mark.parametrize("word", ["cat", "bone", "king", "hand", "zebra", "x", "cylinder"])
def test_no_guess_is_made_at_a_word_that_is_merely_short_or_rhymes(word: str) -> None:
    assert "mean" not in (said(word) or "")


def test_two_mistyped_words_get_two_guesses() -> None:
    assert (said("a bleu bal") or "").endswith("Did you mean “blue” and “ball”?")


def test_a_model_of_ones_own_is_called_by_its_name() -> None:
    entry = replace(built_in(), built_in=False, name="toys")
    assert (said("a zebra", entry) or "").startswith("The model “toys” never learned “zebra”")


SOURCE = "a photo of a red cube and a mug on a sunny day"


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        ("a photo of a blue cube and a mug on a sunny day", WordRef(Side.EDIT, 4, "blue")),
        ("a photo of a blue cube and a mug", WordRef(Side.EDIT, 4, "blue")),  # not the day, which the edit struck
        ("a photo of a blue cube and a bowl on a sunny day", WordRef(Side.EDIT, 8, "bowl")),
        ("a photo of a red cube on a sunny day", WordRef(Side.SOURCE, 8, "mug")),
    ],
)
def test_a_mask_is_offered_for_a_word_of_the_edit_and_for_a_struck_one_only_where_nothing_else_changed(
    edit: str, place: WordRef
) -> None:
    assert feedback.place_of(feedback.changed_words(SOURCE, EditRecipe(edit)), None) == place


def test_every_kind_of_change_is_named_once_and_a_weight_is_a_change_too() -> None:
    both = EditRecipe("a photo of a blue cube and a green mug in fog")
    assert feedback.kinds_of_change("a photo of a red cube and a red mug in fog", both) == (Kind.COLOUR,)
    turned_up = with_weight(EditRecipe("a mug in fog"), 3, 2.0)
    assert feedback.kinds_of_change("a mug in fog", turned_up) == (Kind.WEATHER,)
    assert feedback.kinds_of_change("a mug in fog", EditRecipe("a mug in fog")) == ()


SETTINGS = (
    "a photo of a red cube and a mug at sunset",
    "a photo of a red cube and a mug in fog",
    "a photo of a red cube and a mug at night",
    "a photo of a red cube and a mug in a studio",
    "a photo of a red cube and a mug after rain on a rainy day",
    "a photo of a red cube and a mug under a cloudy sky",
    "a photo of a red cube and a mug on green grass on a sunny day",
    "a sepia photo of a red cube and a mug on a sunny day",
    "a Black and White photo of a red cube and a mug on a sunny day",
    "a watercolour painting of a red cube and a mug on a sunny day",
)


def rendered(changed: float) -> Rendered:
    """An edit that changed this share of the pixels though nothing confined it."""
    picture, maps = np.zeros((2, 2, 3), np.float32), np.zeros((1, 1, 1), np.float32)
    return Rendered(EditRecipe(SOURCE), picture, picture, picture, None, 1.0, maps, changed, Figures(1.0, 1))


@pytest.mark.parametrize("edit", SETTINGS)
def test_a_setting_is_no_place_for_a_mask(edit: str) -> None:
    words = feedback.changed_words(SOURCE, EditRecipe(edit))
    assert words
    assert feedback.with_a_place(words, None) == ()
    assert feedback.too_much(words, rendered(1.0), None) is None


def test_a_thing_that_changed_beside_a_setting_has_its_place() -> None:
    words = feedback.changed_words(SOURCE, EditRecipe("a photo of a red cube and a bowl on green grass at sunset"))
    place = feedback.place_of(words, None)
    assert place is not None
    assert place.text == "bowl"
    assert feedback.too_much(words, rendered(1.0), None) is None  # a mask would take the sunset away


def test_a_thing_that_changed_nearly_everywhere_can_be_confined() -> None:
    words = feedback.changed_words(SOURCE, EditRecipe(SOURCE.replace("a mug", "a bowl")))
    assert "confine it to “bowl”" in (feedback.too_much(words, rendered(0.95), None) or "")
    assert feedback.too_much(words, rendered(0.5), None) is None


def test_a_word_that_the_model_never_learned_is_no_place_for_a_mask() -> None:
    edit = "a photo of a blue cube and a Zebra on a sunny day"
    words = feedback.changed_words(SOURCE, EditRecipe(edit))
    assert [word.text for word in feedback.with_a_place(words, LEARNED)] == ["blue"]
    assert [word.text for word in feedback.with_a_place(words, None)] == ["blue", "Zebra"]
    words = feedback.changed_words(SOURCE, EditRecipe("a photo of a red zebra and a mug on a sunny day"))
    assert feedback.too_much(words, rendered(1.0), LEARNED) is None


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.path.stem)
def test_edits_of_the_samples_get_a_place_unless_they_change_a_setting(sample: Sample) -> None:
    learned = built_in().words
    for edit in sample.edits:
        words = feedback.changed_words(sample.caption, EditRecipe(edit))
        changed = {word.text for word in words if word.side is Side.EDIT and word.text not in SMALL_WORDS}
        place = feedback.place_of(words, learned)
        setting = any(is_setting(word) for word in changed) or "black and white" in edit
        assert (place is None) == setting
        assert place is None or place.text in changed


def test_a_word_that_counts_more_is_a_changed_one() -> None:
    recipe = EditRecipe(SOURCE, words=(WordControl(8, "mug", weight=2.0),))
    assert feedback.changed_words(SOURCE, recipe) == (WordRef(Side.EDIT, 8, "mug"),)


def test_a_description_that_explains_little_is_asked_for_more() -> None:
    studio = built_in()
    assert studio.defaults.explaining is not None
    little, enough = studio.defaults.explaining - 0.1, studio.defaults.explaining
    short = InversionSettings("a red cube", Method.RESIDUAL)
    said = feedback.say_more(studio, short, little)
    assert said is not None
    assert said.startswith("Say more of what the photo shows: what things are made of, what they stand on, the light;")
    own = "prepare it by “Own words”, which learns what is not said."
    assert said.endswith(f"Or let the model say it, or {own}")
    around = feedback.say_more(studio, replace(short, prompt="a cube on sand at night"), little)
    assert around is not None
    assert around.endswith(f"Or {own}")
    asked = feedback.say_more(studio, short, little, completing="ask")
    assert asked is not None
    assert asked.endswith(f"Or ask, or {own}")
    named = replace(short, prompt="a red metal cube on sand at night")
    assert feedback.say_more(studio, named, little) is None
    assert feedback.say_more(studio, short, enough) is None
    assert feedback.say_more(studio, short, None) is None
    for method in (Method.EMBEDDING, Method.IMAGIC):
        assert feedback.say_more(studio, replace(short, method=method), little) is None
    other = replace(studio, defaults=EditDefaults())  # of a model of which nobody knows what is enough
    assert feedback.say_more(other, short, -1.0) is None


def of_memory(preparing: Need, editing: Need) -> str | None:
    forecast = Forecast(preparing, preparing, editing, room=8_000_000_000)
    return feedback.tight(Measured(40.0, Speeds(Rates(0.1, 0.2, 0.2)), "Processor", forecast=forecast), Method.RESIDUAL)


def test_what_does_not_simply_fit_into_memory_is_said() -> None:
    fits, saves = Need(1, Saving.NONE, True), Need(1, Saving.SLICES, True)
    slow, too_large = Need(1, Saving.OFFLOAD, True), Need(9, Saving.OFFLOAD, False)
    remedy = "close other programs, or choose another device or a smaller model."
    assert of_memory(fits, fits) is None
    assert of_memory(saves, saves) == "It fits with savings, which take a little longer."
    assert of_memory(too_large, too_large) == f"There is room for 8.0 GB only: {remedy}"
    assert of_memory(fits, too_large) == f"There is room for 8.0 GB only, too little for edits: {remedy}"
    assert (of_memory(slow, slow) or "").startswith("It only fits with all savings")
    assert (of_memory(fits, slow) or "").startswith("Edits only fit with all savings")


@pytest.mark.parametrize(("more", "said"), [(-1, False), (0, False), (1, True)])
def test_what_edits_need_is_said_where_it_is_noticeably_more(more: int, said: bool) -> None:
    little = 1_000_000_000
    much = little + feedback.WORTH_A_WORD + more
    forecast = Forecast(
        Need(little, Saving.NONE, True), Need(little, Saving.NONE, True), Need(much, Saving.NONE, True), 0
    )
    assert feedback.edits_need(forecast, Method.RESIDUAL) == (much if said else None)
    sentence = feedback.takes(
        "9 s", Measured(40.0, Speeds(Rates(0.1, 0.2, 0.2)), "Card", "cuda:1", forecast=forecast), Method.RESIDUAL
    )
    assert sentence.startswith("Takes 9 s and 1.0 GB of memory on the graphics card")
    assert ("; edits need" in sentence) is said


@pytest.mark.parametrize(
    ("side", "seen"), [(128, "all"), (134, "all"), (160, "64%"), (181, "1/2"), (384, "1/9"), (3800, "1/880")]
)
def test_the_share_of_the_detail_that_a_model_sees_is_said_as_people_say_it(side: int, seen: str) -> None:
    said = feedback.effective_resolution(Frame(0, 0, side, side, 128, 128), whole=False)
    assert said == f"The model sees {seen} of this area’s detail."


def test_a_change_of_all_of_a_small_mask_is_no_change_of_next_to_nothing() -> None:
    words = feedback.changed_words(SOURCE, EditRecipe(f"{SOURCE} at night"))
    small = replace(rendered(0.002), coverage=0.002)
    assert feedback.no_effect(words, small) is None
    assert feedback.no_effect(words, replace(small, changed=0.0)) is not None
    assert feedback.no_effect(words, rendered(0.002)) is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a red cube", None),
        ("a (red:1.4) cube", "Typed emphasis was read as weights: “red” at 1.4."),
        ("a (red cube:1.4)", "Typed emphasis was read as weights: “red cube” at 1.4."),
        ("a (red, cube:1.4)", "Typed emphasis was read as weights: “red, cube” at 1.4."),
        ("a (red:1.4) and (blue:1.4) cube", "Typed emphasis was read as weights: “red” at 1.4, “blue” at 1.4."),
        ("a (red:1.4) (blue:0.5) cube", "Typed emphasis was read as weights: “red” at 1.4, “blue” at 0.5."),
        (
            "(old:2) a (red:1.4) and (blue:1.2) cube",
            "Typed emphasis was read as weights: “old” at 2, “red” at 1.4 and 1 more.",
        ),
    ],
)
def test_emphasis_that_was_typed_is_said_by_its_words(text: str, said: str | None) -> None:
    assert feedback.read_as_weights(read_emphasis(text)) == said


def test_capitals_and_punctuation_alone_change_nothing_and_it_is_said() -> None:
    assert feedback.same_but_for_signs("a red cube", "a blue cube") is None
    assert feedback.same_but_for_signs("a red cube", "a red  cube") is None
    assert feedback.same_but_for_signs("a red cube", "A red cube.") == (
        "The edit differs only in capitals or punctuation, which change nothing."
    )


@pytest.mark.parametrize(
    ("said", "takes"),
    [("Stopped; press Render", None), ("This edit takes a minute; press Render", "a minute")],
)
def test_it_is_said_why_an_edit_waits(said: str, takes: str | None) -> None:
    assert feedback.waits(takes) == f"{said} to see {'this edit' if takes is None else 'it'} at full quality."


def forecast(preparing: Need, editing: Need) -> Measured:
    fits = Forecast(preparing, preparing, editing, room=6_000_000_000)
    return Measured(40.0, Speeds(Rates(0.01, 0.02, 0.02)), "here", forecast=fits)


@pytest.mark.parametrize(
    ("preparing", "editing", "said"),
    [
        (Need(1, Saving.NONE, True), Need(1, Saving.NONE, True), None),
        (Need(1, Saving.NONE, True), Need(1, Saving.TILES, True), None),
        (Need(1, Saving.IDLE, True), Need(1, Saving.NONE, True), "It fits with savings"),
        (Need(1, Saving.OFFLOAD, True), Need(1, Saving.NONE, True), "It only fits with all savings"),
        (Need(1, Saving.SLICES, True), Need(1, Saving.OFFLOAD, True), "Edits only fit with all savings"),
        (Need(1, Saving.OFFLOAD, True), Need(1, Saving.OFFLOAD, True), "It only fits with all savings"),
        (Need(9, Saving.OFFLOAD, False), Need(9, Saving.OFFLOAD, False), "There is room for 6.0 GB only: close"),
        (Need(1, Saving.NONE, True), Need(9, Saving.OFFLOAD, False), "6.0 GB only, too little for edits: close"),
    ],
)
def test_what_does_not_simply_fit_is_said_and_of_what(preparing: Need, editing: Need, said: str | None) -> None:
    found = feedback.tight(forecast(preparing, editing), Method.RESIDUAL)
    assert (found is None) is (said is None)
    assert (said or "") in (found or "")


def test_nothing_is_said_of_memory_that_was_not_measured() -> None:
    assert feedback.tight(Measured(40.0, Speeds(Rates(0.01, 0.02, 0.02)), "here"), Method.RESIDUAL) is None
