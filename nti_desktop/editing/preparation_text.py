"""The sentence beside the Prepare button: what preparing is needed for, how long it takes, or how it came out."""

from dataclasses import dataclass

from nti_desktop.core.errors import RecipeError
from nti_desktop.core.units import duration
from nti_desktop.editing import feedback
from nti_desktop.editing.document import Document
from nti_desktop.editing.estimates import Estimates
from nti_desktop.editing.preparation import PreparationPlan
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.project.schema import InversionRecord
from nti_desktop.recipe.completing import LookQuestion
from nti_desktop.recipe.methods import Method, MethodRow
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.words import check_sentence, is_too_long

DESCRIBE = "Describe the photo in one sentence; then prepare it, which is needed once."
_ORDERED = "Nothing needs to be prepared: say what should become of the photo."
_FILLED = "Nothing needs to be prepared: mark a place on the photo, and say what is to stand there."


@dataclass(frozen=True)
class Standing:
    """How an area stands with preparing.

    entry, way: the model, method and steps that prepare it next; measuring: whether the photo is being looked at;
    at_work: whether it is being prepared; row: of the method of the edit; inversion: what the version is worked on
    with; up_to_date: whether that is of this area as it is described now; new_area: whether the version has no edit of
    this part of the photo; read_only: why nothing can be changed, or None.
    """

    entry: ModelEntry
    way: tuple[Method, int]
    estimates: Estimates
    measuring: bool = False
    at_work: bool = False
    row: MethodRow = Method.NULL_TEXT.row
    description: str = ""
    inversion: InversionRecord | None = None
    up_to_date: bool = False
    new_area: bool = False
    read_only: str | None = None


def standing_of(document: Document, plan: PreparationPlan, entry: ModelEntry, way: tuple[Method, int]) -> Standing:
    """Tell how the area that is worked on stands with preparing. entry, way: see Standing."""
    return Standing(
        entry,
        way,
        plan.estimates,
        measuring=plan.measuring,
        at_work=plan.at_work,
        row=document.row,
        description=document.description,
        inversion=document.inversion,
        up_to_date=document.up_to_date,
        new_area=document.area not in (*document.edited_areas, document.whole),
        read_only=document.session.read_only,
    )


def preparation_text(standing: Standing) -> str:
    """Say what preparing is needed for and how long it takes, or how it came out; empty where nothing is to be said."""
    in_words = standing.row.described
    if not in_words and not standing.way[0].row.described:
        needed = _FILLED if standing.row.fills else _ORDERED
        return "" if standing.inversion is not None or standing.at_work else needed
    if standing.at_work:
        return "Being prepared; you can go on writing the edit."
    if in_words and standing.inversion is not None and standing.up_to_date:
        return _prepared(standing, standing.inversion)
    if standing.read_only:
        return standing.read_only
    try:
        check_sentence(standing.description)
    except RecipeError as error:
        return str(error)
    if standing.new_area:
        needed = "Describe what the photo shows in this area, without its edits; then prepare it."
    elif in_words and standing.inversion is not None:
        needed = "The description has changed; prepare the photo again to use it."
    elif not standing.description.strip():
        return DESCRIBE
    else:
        needed = "Needed once before words can change the photo."
    return f"{needed} {_takes(standing)}"


def completing_text(standing: Standing) -> str | None:
    """Offer to let the model say more, where the description says too little of what is around; None elsewhere."""
    entry, measured, described = standing.entry, standing.estimates.measured, standing.description.strip()
    settled = standing.inversion is not None and standing.up_to_date and _wanting(standing, standing.inversion) is None
    possible = standing.row.described and entry.sees is Sees.NOTHING and standing.read_only is None
    if not possible or standing.at_work or settled or not described or is_too_long(described):
        return None
    if not feedback.lacks_surroundings(described):
        return None
    offer = "Let the model say more"
    if measured is None:
        return offer
    return f"{offer}, {duration(measured.speeds.rates.seconds(LookQuestion(described, entry.words).calls))}"


def _prepared(standing: Standing, inversion: InversionRecord) -> str:
    """Say how long it took, and what the description lacks where the model can draw the photo at all."""
    text = f"Prepared in {duration(inversion.figures.seconds).removeprefix('about ')}."
    more = _wanting(standing, inversion)
    return f"{text} {more}" if more else text


def _wanting(standing: Standing, inversion: InversionRecord) -> str | None:
    measured = standing.estimates.measured
    if measured is not None and feedback.is_strange(standing.entry, measured):
        return None
    return feedback.say_more(standing.entry, inversion.settings.settings(), inversion.figures.explained)


def _takes(standing: Standing) -> str:
    (method, steps), measured = standing.way, standing.estimates.measured
    seconds = standing.estimates.preparing(method, steps)
    if seconds is not None and measured is not None:
        return feedback.takes(duration(seconds), measured, method)
    return "Measuring how long it takes here…" if standing.measuring else ""
