"""One photo open in a window without a window: what the program keeps of it, and all that must not be lost."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from nti_desktop.core.errors import SidecarError
from nti_desktop.editing import edits
from nti_desktop.editing.area_inversion import AreaInversion
from nti_desktop.editing.desk import DeskWriter
from nti_desktop.editing.document import Document
from nti_desktop.editing.journalling import Journalling, reopened, unsaved_of
from nti_desktop.editing.recovery import bring_back
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.photo.frame import Area
from nti_desktop.project.sidecar import SidecarDamaged
from nti_desktop.recipe.parameters import STRENGTH
from tests.editing.test_journalling import AtOnce
from tests.sessions import SOURCE, inverted


@dataclass(frozen=True)
class State:
    """All that must not be lost. exact: as a digest, undo and drafts with it; facts: each thing by itself."""

    exact: str
    facts: frozenset[tuple[str, ...]]


def state_of(document: Document) -> State:
    """Tell what there is of a photo; what is looked at, and what its file is called, is no part of it."""
    project, desk = document.session.project, document.desk
    desk = replace(desk, histories=dict(sorted(desk.histories.items())))
    if document.up_to_date:
        desk = replace(desk, description="", edit_text="", area=document.whole)
    record, states = DeskWriter().record(desk)
    facts = {("arrays", each.id, _digest_of_arrays(document, each.id)) for each in project.inversions}
    facts |= {
        ("version", version.name.replace(" (changed elsewhere)", ""), _digest(part.model_dump_json()))
        for version in project.versions
        for part in version.parts
    }
    facts |= {
        ("undo", *key, _digest(repr([(history.past, history.present, history.future)])))
        for key, history in desk.histories.items()
        if history.past or history.future
    }
    order = [version.id for version in project.versions]
    told = [each.model_dump_json() for each in (record, *states)]
    return State(_digest("\n".join((*told, repr(order), repr(sorted(facts))))), frozenset(facts))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digest_of_arrays(document: Document, inversion: str) -> str:
    arrays = document.session.working_copy.arrays(inversion)
    return hashlib.sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays))).hexdigest()


class Window:
    """The program as far as this goes: one open photo, each change of which is noted in the journal at once."""

    def __init__(self, photo: Path) -> None:
        self.photo, self.faults, self.now = photo, list[str](), 0.0
        self._open()
        if self.session.lost is not None:
            self.close()
            bring_back(photo)
            self._open()

    def _open(self) -> None:
        try:
            self.session = Session.open(self.photo)
        except SidecarDamaged as error:
            if error.recoverable:
                bring_back(error.path)
            else:  # as the error says
                os.rename(error.path, error.path.with_name(f"{error.path.name}.moved"))
            self.session = Session.open(self.photo)
        desk, left = reopened(self.session)
        self.document = Document(self.session, STUDIO_DEFAULTS, self._clock, desk, unsaved=left is not None)
        self._journalling = Journalling(AtOnce(), lambda error: self.faults.append(str(error)))
        if left is not None:
            self._journalling.go_on_from(left)
        self.note()

    def _clock(self) -> float:
        self.now += 10
        return self.now

    def note(self) -> None:
        """Write down how everything stands."""
        self._journalling.note(unsaved_of(self.document))

    def save(self) -> None:
        """What cannot be saved is told and stays in the journal."""
        copy, before = self.session.working_copy, self.session.project
        if not copy.dirty:
            return
        try:
            said = copy.write(self.session.snapshot())
        except SidecarError:
            return
        if said or copy.project is not before:
            self.document.take_in(before)
        self.note()

    def prepare(self, area: Area | None, seed: int) -> None:
        """Learn an area anew."""
        self.document.work_on(area or self.document.whole)
        self.document.describe(SOURCE)
        made = AreaInversion(self.document.area, "0" * 64, inverted(self.session, seed, area=area))
        self.document.prepared(built_in(), [made])
        self.note()

    def edit(self, strength: float) -> None:
        """Change the version."""
        assert self.document.edit("strength", lambda recipe: edits.with_number(recipe, STRENGTH, strength))
        self.note()

    def close(self) -> None:
        """As it should be."""
        self._journalling.note(unsaved_of(self.document, ended=True))
        self._journalling.leave()

    def die(self) -> None:
        """Nothing is told any more; the system lets go of what was held."""
        self._journalling.leave()
