"""Sentences to the user, with buttons where there is something to do. They stay until dismissed or outdated."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from nti_desktop.gui.widgets.plain import Label, set_tip
from nti_desktop.gui.workers.threads import slot

_AT_ONCE = 3  # more would push the photo off a small screen; the older ones wait behind a button


class Tone(StrEnum):
    """How a sentence is meant."""

    NOTE = "note"
    ADVICE = "advice"
    ERROR = "error"


@dataclass(frozen=True)
class Action:
    """A button beside a sentence: what it says and what it does."""

    title: str
    do: Callable[[], None]


class Topic(Enum):
    """What messages are about."""

    OPEN = auto()  # photos that could not be opened
    NOTE = auto()  # what is remarkable about the photo
    DROP = auto()  # files that were dropped
    MODEL = auto()  # the model that is chosen
    MADE_WITH = auto()  # a model that the photo was prepared with
    MODELS = auto()  # the list of models
    MODELS_FOLDER = auto()
    OFFERED = auto()  # what a repository has
    TRANSFER = auto()  # downloads
    PREPARE = auto()
    RENDER = auto()
    EFFECT = auto()  # what an edit did
    EMPHASIS = auto()  # weights that were typed
    LOOK = auto()  # of another photo
    DELETED = auto()  # a version
    EXPORT = auto()
    EXPORT_FAILED = auto()  # of one file
    SAVE = auto()
    ARRIVED = auto()  # what another program saved
    ELSEWHERE = auto()  # where the project lies
    JOURNAL = auto()
    BROUGHT_BACK = auto()  # what was not saved when the program ended
    SCREEN = auto()  # its colours
    CLOSING = auto()


About = tuple[Topic, str]  # and of which thing, empty where there is one only


@dataclass(frozen=True)
class Message:
    """topic, of: what it is about; a newer message about the same takes its place. Without a topic it stays until
    dismissed.
    """

    text: str
    tone: Tone = Tone.NOTE
    topic: Topic | None = None
    of: str = ""
    actions: tuple[Action, ...] = ()


class _Strip(QFrame):
    """One message."""

    def __init__(self, message: Message, dismiss: Callable[[Message], None]) -> None:
        super().__init__()
        self.message, self._dismiss = message, dismiss
        self.setProperty("role", "message")
        self.setProperty("tone", message.tone.value)
        row, column, beneath = QHBoxLayout(self), QVBoxLayout(), QHBoxLayout()
        row.setContentsMargins(10, 5, 5, 5)
        label = Label(message.text)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column.addWidget(label)
        row.addLayout(column, 1)
        if len(message.actions) > 1:  # beside the sentence they would leave it no room
            beneath.addStretch(1)
            column.addLayout(beneath)
        self.buttons: list[QPushButton] = []
        for action in message.actions:
            button = QPushButton(action.title)
            button.clicked.connect(self._acted)
            (row if len(message.actions) == 1 else beneath).addWidget(button)
            self.buttons.append(button)
        close = QPushButton("✕")
        close.setProperty("flat", "true")
        close.setAccessibleName("Dismiss this message")
        set_tip(close, "Dismiss this message")
        close.clicked.connect(self._dismissed)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(message.text)

    @slot()
    def _acted(self) -> None:
        for button, action in zip(self.buttons, self.message.actions, strict=True):
            if button is self.sender():
                self._dismiss(self.message)
                action.do()

    @slot()
    def _dismissed(self) -> None:
        self._dismiss(self.message)


class MessageBar(QWidget):
    """The newest message on top."""

    def __init__(self, parent: QWidget | None = None, margin: int = 8) -> None:
        """margin: pixels left and right."""
        super().__init__(parent)
        self._messages: list[Message] = []
        self._shows_all = False
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(margin, 6, margin, 0)
        self._column.setSpacing(4)
        self._more = QPushButton()
        self._more.setProperty("flat", "true")
        self._more.clicked.connect(self._toggle_all)
        self._column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._strips: list[_Strip] = []
        self._refresh()

    @property
    def messages(self) -> tuple[Message, ...]:
        """Those that are not dismissed, the newest first."""
        return tuple(self._messages)

    @slot(Message)
    def say(self, message: Message) -> None:
        """Show a message; one that says the same, or is about the same, goes."""
        self._messages = [
            m
            for m in self._messages
            if m.text != message.text and not (m.topic and (m.topic, m.of) == (message.topic, message.of))
        ]
        self._messages.insert(0, message)
        self._refresh()

    @slot(tuple)
    def clear(self, outdated: tuple[About, ...]) -> None:
        """Drop the messages about these."""
        kept = [m for m in self._messages if (m.topic, m.of) not in outdated]
        if len(kept) != len(self._messages):
            self._messages = kept
            self._refresh()

    def _refresh(self) -> None:
        shown = self._messages if self._shows_all else self._messages[:_AT_ONCE]
        if [strip.message for strip in self._strips] != shown:
            for strip in self._strips:
                strip.hide()
                strip.deleteLater()
            self._strips = [_Strip(message, self._dismiss) for message in shown]
            for index, strip in enumerate(self._strips):
                self._column.insertWidget(index, strip)
        hidden = len(self._messages) - _AT_ONCE
        self._more.setVisible(hidden > 0)
        if hidden > 0:
            self._more.setText("Show fewer" if self._shows_all else f"{hidden} earlier message{'s'[: hidden > 1]}…")
        self.setVisible(bool(self._messages))

    def _dismiss(self, message: Message) -> None:
        self._messages = [m for m in self._messages if m is not message]
        self._refresh()

    @slot()
    def _toggle_all(self) -> None:
        self._shows_all = not self._shows_all
        self._refresh()
