"""Sentences about what a model knows and how an edit came out, and the figures behind them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache

from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.photo.frame import Frame
from nti_desktop.recipe.emphasis import Emphasis
from nti_desktop.recipe.jobs import Measured, Rendered
from nti_desktop.recipe.kept_arrays import EMBEDDED
from nti_desktop.recipe.kinds import SMALL_WORDS, Kind, changed_kinds, is_setting, unsaid_kinds
from nti_desktop.recipe.layout import asks_for_layout
from nti_desktop.recipe.memory import Forecast, Saving
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import EditRecipe, Side, WordRef
from nti_desktop.recipe.settings import InversionSettings
from nti_desktop.recipe.words import Change, Word, align_words, as_read, ask_the_same, split_words, word_key

NEXT_TO_NOTHING = 0.005  # of the pixels within the mask, those that differ visibly
NEARLY_EVERYTHING = 0.9
WIDE_MASK = 0.5  # of the frame; more than an object word should need
# dB, see Measured. The built-in autoencoder draws one in a hundred held-out scenes of its world worse, and 83 % of 75
# photos and crops of photos; most of the others are nearly empty, the moon or a blurred clock.
STRANGE_PSNR = 31
NAMED = 2  # words in one sentence; it keeps to one line
LONGEST_NAME = 20  # letters
SEES_ALL = 0.9  # of the pixels; what is missing then is not worth a word
WORTH_A_WORD = 500_000_000  # bytes that edits need beyond preparing
_UNSAID = {
    Kind.COLOUR: "its colours",
    Kind.MATERIAL: "what things are made of",
    Kind.GROUND: "what they stand on",
    Kind.LIGHT: "the light",
}
ALIKE = 0.75  # difflib's ratio, at which “bleu” still is “blue”


def changed_words(source: str, recipe: EditRecipe) -> tuple[WordRef, ...]:
    """The words an edit hopes to change something with: swapped, added, removed, or of another weight."""
    before, after = split_words(source), split_words(recipe.prompt)
    weighted = {control.position for control in recipe.weighted}
    found: list[tuple[Side, Word]] = []
    for pair in align_words(source, recipe.prompt):
        if pair.edit is not None and (pair.change is not Change.KEPT or pair.edit in weighted):
            found.append((Side.EDIT, after[pair.edit]))
        elif pair.edit is None and pair.source is not None:
            found.append((Side.SOURCE, before[pair.source]))
    return tuple(WordRef(side, word.position, word.text) for side, word in found if not word.is_punctuation)


def kinds_of_change(source: str, recipe: EditRecipe) -> tuple[Kind, ...]:
    """Kinds of things that an edit changes, each once."""
    changes = changed_kinds(source, recipe.prompt, [control.position for control in recipe.weighted])
    return tuple(dict.fromkeys(kind for _, kind in changes))


def with_a_place(words: Sequence[WordRef], learned: frozenset[str] | None) -> tuple[WordRef, ...]:
    """Choose those of the changed words that a mask can be tied to: no setting, nor a word that describes one, no
    little word and none that the model never learned.

    learned: folded to lower case, None when the model does not say.
    """
    settings = _settings(words)
    return tuple(
        word
        for word in words
        if word not in settings
        and word_key(word.text) not in SMALL_WORDS
        and (learned is None or word.text.casefold() in learned)
    )


def _settings(words: Sequence[WordRef]) -> set[WordRef]:
    """The words that name what surrounds the things, with those that describe it."""
    settings = set(_black_and_white(words))
    for word in reversed(words):  # “a cloudy sky”, “green grass”: the word before a setting describes it
        describes = replace(word, position=word.position + 1)
        if is_setting(word.text) or any(replace(setting, text=word.text) == describes for setting in settings):
            settings.add(word)
    return settings


def _black_and_white(words: Sequence[WordRef]) -> Iterator[WordRef]:
    """The words of this name of a film."""
    for three in zip(words, words[1:], words[2:], strict=False):
        if [word.text.casefold() for word in three] == ["black", "and", "white"]:
            yield from three


def place_of(words: Sequence[WordRef], learned: frozenset[str] | None) -> WordRef | None:
    """Choose the changed word that a mask is best tied to, None where none has a place: the last with a place of the
    words that are new in the edit, or of those that it struck where it did nothing else. learned: see `with_a_place`.
    """
    sides = {word.side for word in words if word_key(word.text) not in SMALL_WORDS}
    side = Side.EDIT if Side.EDIT in sides else Side.SOURCE
    return next((word for word in reversed(with_a_place(words, learned)) if word.side is side), None)


def listed(things: Sequence[str]) -> str:
    """Return “a, b and c”; at least one thing."""
    *firsts, last = things
    return f"{', '.join(firsts)} and {last}" if firsts else last


def quoted(words: Sequence[str]) -> str:
    """Return the words in quotation marks, as `listed` does."""
    return listed([f"“{word}”" for word in words])


def same_but_for_signs(source: str, edit: str) -> str | None:
    """The sentence for an edit whose words are those of the description though it is written otherwise, else None."""
    if not ask_the_same(source, edit) or as_read(source).split() == as_read(edit).split():
        return None
    return "The edit differs only in capitals or punctuation, which change nothing."


def read_as_weights(emphasis: Emphasis) -> str | None:
    """The sentence for marks of emphasis that were taken for weights; None where there were none."""
    words = split_words(emphasis.prompt)
    runs: list[tuple[Word, Word, float]] = []  # first and last word of equal weight, with nothing else between
    for position, weight in emphasis.weights:
        first, last, before = runs[-1] if runs else (words[position], words[position], None)
        if before == weight and all(word.is_punctuation for word in words[last.position + 1 : position]):
            runs[-1] = first, words[position], weight
        else:
            runs.append((words[position], words[position], weight))
    if not runs:
        return None
    said = [f"“{emphasis.prompt[first.start : last.end]}” at {weight:g}" for first, last, weight in runs]
    more = "" if len(said) <= NAMED else f" and {len(said) - NAMED} more"
    return f"Typed emphasis was read as weights: {', '.join(said[:NAMED])}{more}."


def no_effect(words: Sequence[WordRef], rendered: Rendered) -> str | None:
    """The sentence for an edit that left the photo as it was; None when it did change it."""
    if not words or rendered.changed > NEXT_TO_NOTHING * rendered.coverage:
        return None
    return f"{quoted([word.text for word in words])} changed next to nothing in the photo."


def too_much(words: Sequence[WordRef], rendered: Rendered, learned: frozenset[str] | None) -> str | None:
    """The sentence for an edit that changed the photo nearly everywhere though it could be confined to a word; None
    where it also changes a setting, which is everywhere.

    learned: see `with_a_place`.
    """
    place = place_of(words, learned)
    if place is None or _settings(words) or rendered.mask is not None or rendered.changed < NEARLY_EVERYTHING:
        return None
    return f"The edit changed nearly the whole photo; a mask can confine it to “{place.text}”."


def better_by_order(source: str, recipe: EditRecipe) -> str | None:
    """The sentence for an edit that asks for another layout, None for others; see resources/help/methods.md."""
    if not asks_for_layout(source, recipe.prompt):
        return None
    return "Sentences seldom move a thing or add one; an order does it more often."


def say_more(
    entry: ModelEntry, settings: InversionSettings, explained: float | None, completing: str = "let the model say it"
) -> str | None:
    """The sentence for a description that tells the model too little of the photo; None for one that says enough, or of
    which nobody can tell what it leaves out, or where the photo's own words were learned. settings: of the preparation;
    completing: what one does to have the description completed.
    """
    enough = entry.defaults.explaining
    if enough is None or explained is None or explained >= enough or EMBEDDED in settings.method.row.keeps:
        return None
    missing = [_UNSAID[kind] for kind in unsaid_kinds(settings.prompt)]
    if not missing:
        return None
    own = f"prepare it by “{Method.EMBEDDING.row.title}”, which learns what is not said"
    ways = f"{completing}, or {own}" if lacks_surroundings(settings.prompt) else own
    return f"Say more of what the photo shows: {', '.join(missing)}; edits keep more of it then. Or {ways}."


def lacks_surroundings(description: str) -> bool:
    """Tell whether a description leaves out the ground or the light, which nearly every model can tell."""
    return bool({Kind.GROUND, Kind.LIGHT} & set(unsaid_kinds(description)))


def is_strange(entry: ModelEntry, measured: Measured) -> bool:
    """Tell whether the built-in model does not know how to draw a picture at all, by its autoencoder's PSNR; other
    models are taken as they are.
    """
    return entry.built_in and measured.autoencoder_psnr < STRANGE_PSNR


def takes(time: str, measured: Measured, method: Method) -> str:
    """Say in one sentence how long preparing takes and how much memory, and how much memory edits need where it is
    noticeably more; a second sentence warns where it does not simply fit.
    """
    if measured.forecast is None:
        return f"Takes {time} on this computer."
    kind = measured.kind.partition(":")[0]
    where = {"cuda": "the graphics card", "xpu": "Intel graphics", "mps": "Apple graphics"}.get(kind, "this processor")
    more = edits_need(measured.forecast, method)
    edits = f"; edits need {gigabytes(more)}" if more else ""
    sentence = f"Takes {time} and {gigabytes(measured.forecast.of(method).size)} of memory on {where}{edits}."
    warning = tight(measured, method)
    return f"{sentence} {warning}" if warning else sentence


def edits_need(forecast: Forecast, method: Method) -> int | None:
    """Bytes, where they are noticeably more than preparing needs."""
    needed = forecast.editing.size
    return needed if needed - forecast.of(method).size > WORTH_A_WORD else None


def tight(measured: Measured, method: Method) -> str | None:
    """The sentence for preparing, or edits after it, that do not simply fit into memory, with what can be done."""
    if measured.forecast is None:
        return None
    preparing, editing = measured.forecast.of(method), measured.forecast.editing
    if not (preparing.fits and editing.fits):
        return (
            f"There is room for {gigabytes(measured.forecast.room)} only{', too little for edits' * preparing.fits}: "
            "close other programs, or choose another device or a smaller model."
        )
    if Saving.OFFLOAD in (preparing.saving, editing.saving):
        what = "It only fits" if preparing.saving is Saving.OFFLOAD else "Edits only fit"
        return f"{what} with all savings and will be slow; another device or a smaller model is faster."
    return "It fits with savings, which take a little longer." if preparing.saving > Saving.NONE else None


def measured_on(measured: Measured) -> str:
    """The device and what it computes in."""
    return f"Measured on: {measured.device}{f', {measured.precision}' if measured.precision else ''}."


def gigabytes(size: int) -> str:
    """Bytes as people say them, at least a tenth."""
    return f"{max(size / 1e9, 0.1):.1f} GB"


def never_learned(entry: ModelEntry, unlearned: Sequence[Word]) -> str | None:
    """The sentence for words that a model was never trained on, with words it does know where some are alike."""
    words = tuple({word_key(word.text): word.text for word in unlearned}.values())
    if not words:
        return None
    named = [word if len(word) <= LONGEST_NAME else f"{word[: LONGEST_NAME - 1]}…" for word in words[:NAMED]]
    more = len(words) - NAMED
    said = quoted(named) if more <= 0 else f"{quoted(named[:-1])}, “{named[-1]}” and {more} other word{'s'[: more > 1]}"
    alike = [known for word in words[:NAMED] if (known := _alike(word_key(word), entry.words or frozenset()))]
    meant = f" Did you mean {quoted(tuple(dict.fromkeys(alike)))}?" if alike else ""
    return f"The model “{entry.name}” never learned {said}; the edit may do nothing there.{meant}"


@lru_cache(maxsize=256)
def _alike(word: str, known: frozenset[str]) -> str | None:
    """The known word that was probably meant: people seldom mistype the first letter, and “cat” is not “at”."""
    likely = [k for k in known if k[0] == word[0] and len(k) > 2 and abs(len(k) - len(word)) <= 2]
    return next(iter(get_close_matches(word, likely, n=1, cutoff=ALIKE)), None)


def effective_resolution(frame: Frame, whole: bool) -> str:
    """Say in a sentence how much of a frame's detail the model sees. whole: whether the frame is the whole photo."""
    what = "this photo" if whole else "this area"
    if frame.detail > SEES_ALL:
        return f"The model sees all of {what}’s detail."
    return f"The model sees {_as_share(frame.detail)} of {what}’s detail."


def _as_share(detail: float) -> str:
    """A share below 1 as people say it: “1/9”, “1/880” or “60 %”."""
    return f"1/{float(f'{1 / detail:.2g}'):.0f}" if detail < 0.55 else f"{detail:.0%}"


NO_WEIGHTS = "A description needs no weights; their marks were taken out of it."
STRANGE = "The built-in model only knows the samples; for your own photos add a Stable Diffusion model."


def waits(takes: str | None) -> str:
    """Why an edit is not rendered by itself. takes: how long that would be, in words; None where it was stopped."""
    if takes is None:
        return "Stopped; press Render to see this edit at full quality."
    return f"This edit takes {takes}; press Render to see it at full quality."
