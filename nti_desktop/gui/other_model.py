"""What is said when the model that a photo was prepared with is missing or has changed, and what is offered."""

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from nti_desktop.gui.desk import Desk
from nti_desktop.gui.panels.message_bar import Action, Message, Tone
from nti_desktop.gui.threads import at_home
from nti_desktop.models.finding import ModelGone
from nti_desktop.project.schema import InversionRecord

_LONGEST_NAME = 28  # letters on a button


class OtherModel(QObject):
    """Everything that is kept stays to be seen; a new picture needs the model, or another preparing."""

    find_asked = Signal()

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        desk.model.missed.connect(self._missed)

    @Slot(InversionRecord, ModelGone)
    def _missed(self, record: InversionRecord, gone: ModelGone) -> None:
        at_home(self)
        session, chosen = self._desk.session, self._desk.model.entry
        if session is None or self._desk.preparing.at_work:
            return
        actions = [Action("Find the model…", self.find_asked.emit)]
        if not session.read_only:
            name = chosen.name if len(chosen.name) <= _LONGEST_NAME else f"{chosen.name[: _LONGEST_NAME - 1]}…"
            actions.insert(0, Action(f"Prepare with {name}", partial(self._prepare_anew, record.id)))
        text = f"{gone.what}, so its edits are shown as they were last seen."
        self._desk.said.emit(Message(text, Tone.ADVICE, topic="made with", actions=tuple(actions)))

    def _prepare_anew(self, inversion_id: str) -> None:
        """The area of this inversion once more, with the chosen model; what there is stays."""
        session = self._desk.session
        if session is not None and inversion_id in {inversion.id for inversion in session.project.inversions}:
            self._desk.work_on(session.frame(inversion_id).area)
            self._desk.prepare()
