"""Which model works on the open photo: the one it was prepared with, as soon as that is found, else the one chosen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from nti_desktop.core.errors import NtiError
from nti_desktop.editing.document import Document
from nti_desktop.editing.model_lookup import ModelLookup
from nti_desktop.gui import preferences
from nti_desktop.gui.controllers.preparing import Preparing
from nti_desktop.gui.widgets.message_bar import Message, Tone, Topic
from nti_desktop.gui.workers.background import Background
from nti_desktop.models.library.catalog import ModelEntry, find_model, model_for
from nti_desktop.models.library.lookup import ModelGone
from nti_desktop.photo.frame import Area
from nti_desktop.project.schema import InversionRecord
from nti_desktop.recipe.methods import Method


@dataclass(frozen=True, eq=False)
class Audience:
    """Who hears of the model. answered: one that pictures may wait for is found, or known to be gone; outdated: what is
    said about this no longer holds.
    """

    changed: Callable[[], None]
    answered: Callable[[], None]
    said: Callable[[Message], None]
    outdated: Callable[[Topic], None]


class ActiveModel(QObject):
    """entry: the model; way: how it prepares the photo next. Pictures are made by the models of their inversions."""

    missed = Signal(InversionRecord, ModelGone)  # no picture can be made, as this one's model is not there

    def __init__(
        self, entry: ModelEntry, preparing: Preparing, models: Background, audience: Audience, parent: QObject
    ) -> None:
        """models: the worker that reads models, which may take long."""
        super().__init__(parent)
        self.entry, self._audience = entry, audience
        self.way = _usual_way(entry)
        self._preparing = preparing
        self._model_lookup = ModelLookup(models, self._answered, self._not_read)
        self._document: Document | None = None
        self._awaited: str | None = None  # fingerprint of the photo's own model, which is chosen once it is found
        last = preferences.last_model()
        self._finding_last = last is not None and last != entry.id
        if last is not None and self._finding_last:
            models.submit(lambda: find_model(last), self._last_found, self._last_gone, lane="last model")

    @property
    def guidance(self) -> float:
        """Guidance of an edit that says nothing else."""
        inversion = self._document.inversion if self._document else None
        return inversion.settings.guidance_scale if inversion else self.entry.defaults.guidance_scale

    @property
    def method(self) -> Method:
        """Of the edit: its inversion's, else that by which the photo is prepared next."""
        inversion = self._document.inversion if self._document else None
        return inversion.settings.method if inversion else self.way[0]

    def open(self, document: Document) -> None:
        """Another photo: its own model is looked for, and until then nothing is measured."""
        self._document = document
        self._model_lookup.open(document.session)
        inversion = document.inversion
        self._awaited = inversion.model_fingerprint if inversion else None
        if inversion is None:
            self.measure()
        else:
            self._model_lookup.all_known([inversion])

    def stop(self) -> None:
        """Stop looking for models."""
        self._model_lookup.stop()

    def choose(self, entry: ModelEntry) -> None:
        """The model for the next preparing."""
        self.entry = entry
        self.way = _usual_way(entry)
        self._awaited, self._finding_last = None, False
        preferences.remember_model(entry.id)
        self._audience.outdated(Topic.MODEL)
        self._audience.outdated(Topic.MODELS)
        if self._document is not None:
            self._document.session.see_again(entry)
            self._document.meant_for(entry.defaults)
            self.measure()
        self._audience.changed()

    def choose_way(self, method: Method, steps: int) -> None:
        """Prepare the photo this way next, by the model that knows it; the method is remembered for that model.

        steps: where it is the model at hand; the other one takes its usual ones.
        """
        entry = model_for(method, self.entry)
        preferences.remember_method(entry.id, None if method is entry.defaults.method else method)
        if entry.id != self.entry.id:
            self.choose(entry)
            return
        self.way = (method, steps)
        self._audience.changed()

    def prepare(self, described: Mapping[Area, str]) -> None:
        """Prepare areas with this model, this way, whatever model is found meanwhile."""
        self._awaited = None
        self._preparing.plan.invert(self.entry, *self.way, described)

    def measure(self) -> None:
        """Measure how well and how fast it works on the area at hand; while the one that was worked with last is looked
        for, nothing is loaded.
        """
        if self._document is not None and not self._finding_last:
            self._preparing.plan.measure(self.entry)

    def measure_again(self) -> None:
        """Another device computes from the next job on; what is being prepared goes on with the old one."""
        self._audience.outdated(Topic.PREPARE)
        self._audience.outdated(Topic.RENDER)
        if not self._preparing.plan.at_work:
            self.measure()
        self._audience.changed()

    def all_there(self, records: Sequence[InversionRecord]) -> bool:
        """Tell whether the models of these inversions are there; look for one that is not known yet, and send `missed`
        for one that is gone.
        """
        if self._model_lookup.all_known(records):
            self._audience.outdated(Topic.MADE_WITH)
            return True
        if gone := self._model_lookup.gone(records):
            self.missed.emit(*gone)
        return False

    def models_have_changed(self) -> None:
        """Some were added, fetched or removed: one that was missed may be there."""
        document = self._document
        missed = self._model_lookup.gone(document.rendered_with) if document else None
        self._model_lookup.forget()
        if document is None or missed is None:
            return
        wanted, own = missed[0].model_fingerprint, document.inversion
        if own is not None and own.model_fingerprint == wanted and not self._preparing.plan.at_work:
            self._awaited = wanted
        self._audience.answered()

    def _last_found(self, entry: ModelEntry) -> None:
        if not self._finding_last:  # another was chosen meanwhile
            return
        self._finding_last = False
        if self._document is None or self._document.inversion is None:
            self.choose(entry)
        elif self._awaited is None and not self._preparing.plan.looked_at:
            self.measure()

    def _last_gone(self, error: NtiError) -> None:
        if not self._finding_last:
            return
        self._finding_last = False
        self._audience.said(Message(str(error), Tone.ADVICE, topic=Topic.MODELS))
        if self._awaited is None:
            self.measure()

    def _answered(self, record: InversionRecord) -> None:
        assert self._document is not None
        found = self._document.session.known_model(record)
        if record.model_fingerprint == self._awaited:
            self._awaited = None
            if found is not None and found.id != self.entry.id:
                self.choose(found)
        if self._awaited is None and not self._preparing.plan.looked_at:
            self.measure()
        if found is None or not self._preparing.plan.measuring:  # else it is asked for when its time is known
            self._audience.answered()
        self._audience.changed()

    def _not_read(self, _record: InversionRecord, error: NtiError) -> None:
        self._audience.said(Message(str(error), Tone.ERROR, topic=Topic.RENDER))
        if not self._preparing.plan.looked_at:
            self.measure()


def _usual_way(entry: ModelEntry) -> tuple[Method, int]:
    """As it was chosen for this model before, else as is best on it."""
    method = preferences.method(entry.id)
    if method not in entry.methods:
        method = entry.defaults.method
    return method, entry.defaults.steps_for(method)
