"""Giving a model a LoRA, a learned word or an IP-Adapter, and taking it away again; the files stay where they are."""

from pathlib import Path

from nti_desktop.core.errors import ModelError
from nti_desktop.models.formats.additions import read_addition
from nti_desktop.models.library.additions import check_fit
from nti_desktop.models.library.catalog import find_model
from nti_desktop.models.library.places import Given, Places, change_places, read_places
from nti_desktop.recipe.parameters import ADDITION


def extend(model: Path, file: Path, weight: float | None = None) -> str:
    """Give a model a file, or another weight to one that it has; the sentence says what it is.

    model: as it is listed, or the id of a built-in one; file: absolute; weight: of a LoRA, None for its usual one.
    Raises ModelError or RecipeError in one sentence, and nothing has changed.
    """
    given = Given(file, ADDITION.usual if weight is None else weight)
    ADDITION.check(given.weight)
    entry = find_model(str(model), read_places().given(model))
    found = read_addition(file)
    check_fit(found, file.name, entry.family, [each for each in entry.additions if each.given.file != file])
    if found.word and weight not in (None, 1.0):
        raise ModelError(f"“{file.name}” is a word, which has no weight by itself; give it one in the sentence.")
    if found.image_encoder and weight not in (None, 1.0):
        raise ModelError(f"“{file.name}” reads pictures; how much one counts is said with each edit.")

    def with_it(places: Places) -> Places:
        now = [given if each.file == file else each for each in places.given(model)]
        return places.with_given(model, tuple(now if given in now else [*now, given]))

    change_places(with_it)
    how = "" if found.word or found.image_encoder else f", weight {given.weight:g}"
    return f"“{entry.name}” is used with “{file.name}” from now on ({found.about}{how})."


def reduce(model: Path, file: Path) -> str:
    """Take a file away from a model. Raises ModelError in one sentence where it was not given it."""

    def without_it(places: Places) -> Places:
        before = places.given(model)
        now = tuple(each for each in before if each.file != file)
        if now == before:
            raise ModelError(
                f"“{model.name}” was not given “{file.name}”; “nti-desktop models list” says what it was given."
            )
        return places.with_given(model, now)

    change_places(without_it)
    return f"“{model.name}” is used without “{file.name}” from now on; the file stays where it is."
