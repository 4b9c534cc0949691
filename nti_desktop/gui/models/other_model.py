"""What is said when the model that a photo was prepared with is missing or has changed, and what is offered."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject

from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.lookup import ModelGone
from nti_desktop.project.schema import InversionRecord

_LONGEST_NAME = 28  # letters on a button


class OtherModel(QObject):
    """Everything that is kept stays to be seen; a new picture needs the model, or another preparing."""

    def __init__(self, editor: Editor, show_models: Callable[[], None], parent: QObject) -> None:
        """show_models: shows which models there are, where one can be found."""
        super().__init__(parent)
        self._editor, self._show_models = editor, show_models
        editor.model.missed.connect(self._missed)

    @slot(InversionRecord, ModelGone)
    def _missed(self, record: InversionRecord, gone: ModelGone) -> None:
        session, chosen = self._editor.session, self._editor.model.entry
        if session is None or self._editor.preparing.plan.at_work:
            return
        actions = [Action("Find the model…", self._show_models)]
        if not session.read_only:
            name = chosen.name if len(chosen.name) <= _LONGEST_NAME else f"{chosen.name[: _LONGEST_NAME - 1]}…"
            actions.insert(
                0, Action(f"Prepare with {name}", partial(self._editor.prepare_anew, record.model_fingerprint))
            )
        text = f"{gone.what}, so its edits are shown as they were last seen."
        self._editor.say(Message(text, Tone.ADVICE, topic=Topic.MADE_WITH, actions=tuple(actions)))
