"""What lies open of a photo beside its project: sentences that are being written, and undo; desk.json of the sidecar.

A state of an edit is written once and named by its number, as histories share most of theirs.
"""

from typing import Annotated, Literal

from pydantic import Field

from nti_desktop.project.fields import Count, Id, Pixels, Record, Text
from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import FinishRecord, PartRecord, VersionRecord

MAX_STATES = 4_000  # so that desk.json keeps within what a project may hold
MAX_DEPTH = 500  # states of one history, steps, and areas that something is written for
MAX_TYPED = 2**15  # characters that a line takes


class StateRecord(Record):
    """One state of an edit."""

    recipe: RecipeRecord
    finish: FinishRecord


Number = Annotated[int, Field(ge=0, lt=MAX_STATES)]
Numbers = Annotated[tuple[Number, ...], Field(max_length=MAX_DEPTH)]


class HistoryRecord(Record):
    """The states that an edit went through, by their numbers."""

    past: Numbers
    present: Number
    future: Numbers


class EditHistoryRecord(Record):
    """The history of one area's edit in one version."""

    version: Id
    inversion: Id
    history: HistoryRecord


Histories = Annotated[tuple[EditHistoryRecord, ...], Field(max_length=MAX_STATES)]


class RenameRecord(Record):
    """Give a version a name."""

    kind: Literal["rename"] = "rename"
    version: Id
    name: Text


class RemoveRecord(Record):
    """Delete a version and show the one `beside`."""

    kind: Literal["remove"] = "remove"
    version: Id
    beside: Id


class PutBackRecord(Record):
    """Put a deleted version back at its place."""

    kind: Literal["put back"] = "put back"
    version: VersionRecord
    place: Count
    histories: Histories
    beside: Id


class TakeOutRecord(Record):
    """Take an area's edit out of a version."""

    kind: Literal["take out"] = "take out"
    version: Id
    inversion: Id


class LayBackRecord(Record):
    """Lay an area's edit back into its version."""

    kind: Literal["lay back"] = "lay back"
    version: Id
    part: PartRecord
    place: Count


ChangeRecord = Annotated[
    RenameRecord | RemoveRecord | PutBackRecord | TakeOutRecord | LayBackRecord, Field(discriminator="kind")
]


class DepthRecord(Record):
    """How many edits of a version could be undone."""

    version: Id
    inversion: Id
    count: Count


class StepRecord(Record):
    """A change of the list of versions. back: takes it back, or makes it again; version: that it was made to."""

    back: ChangeRecord
    version: Id
    depths: Annotated[tuple[DepthRecord, ...], Field(max_length=MAX_STATES)]


Steps = Annotated[tuple[StepRecord, ...], Field(max_length=MAX_DEPTH)]


Typed = Annotated[str, Field(max_length=MAX_TYPED)]


class AreaRecord(Record):
    """A rectangle in upright photo pixels."""

    x: Count
    y: Count
    width: Pixels
    height: Pixels


class WrittenRecord(Record):
    """description, edit_text: as they are written; area: that they are of; draft: the edit while the photo is not
    prepared with this description.
    """

    description: Typed
    edit_text: Typed
    area: AreaRecord
    draft: HistoryRecord | None


class LeftRecord(WrittenRecord):
    """What is written for the next preparing of an area that is not shown. version: None before the first."""

    version: Id | None


class DeskRecord(WrittenRecord):
    """done, undone: changes of the list of versions; left: the newest last."""

    histories: Histories
    done: Steps
    undone: Steps
    left: Annotated[tuple[LeftRecord, ...], Field(max_length=MAX_DEPTH)] = ()


class KeptDesk(Record):
    """A desk with the states of edits that it names."""

    states: Annotated[tuple[StateRecord, ...], Field(max_length=MAX_STATES)]
    desk: DeskRecord
