"""The editor: one open photo and what may be done with it. The window shows it and asks it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.editing import feedback, render_plan
from nti_desktop.editing.changes import Change
from nti_desktop.editing.document import Document
from nti_desktop.editing.pictures import Audience, Pictures
from nti_desktop.editing.preparation import Preparation
from nti_desktop.editing.render_plan import Composed
from nti_desktop.editing.render_requests import Wanted
from nti_desktop.editing.save_queue import SaveRequest
from nti_desktop.editing.session import Session
from nti_desktop.gui.canvas.picture import Picture
from nti_desktop.gui.controllers import active_model
from nti_desktop.gui.controllers.active_model import ActiveModel
from nti_desktop.gui.controllers.exports import Exports
from nti_desktop.gui.controllers.file_tasks import FileTasks, Glimpse, OpenedPhoto
from nti_desktop.gui.controllers.preparing import Preparing
from nti_desktop.gui.controllers.rendering import Rendering
from nti_desktop.gui.controllers.stored_previews import StoredPreviews
from nti_desktop.gui.widgets.gesture import Gesture
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.samples import Sample
from nti_desktop.photo.frame import Area
from nti_desktop.project.journal import Left
from nti_desktop.project.sidecar import SidecarDamaged
from nti_desktop.recipe.emphasis import Emphasis
from nti_desktop.recipe.jobs import Measured
from nti_desktop.recipe.look import Look
from nti_desktop.recipe.recipe import EditRecipe

_OF_A_PHOTO = (
    Topic.OPEN, Topic.NOTE, Topic.MODEL, Topic.MADE_WITH, Topic.PREPARE, Topic.RENDER, Topic.EFFECT,
    Topic.EMPHASIS, Topic.LOOK, Topic.DELETED, Topic.EXPORT, Topic.SAVE, Topic.JOURNAL, Topic.BROUGHT_BACK,
    Topic.ARRIVED, Topic.ELSEWHERE,
)  # fmt: skip


class Editor(QObject):
    """Joins the document with the engine and the disk: a change of the edit asks for a picture, a picture is shown."""

    glimpsed = Signal()  # there is something to see of a photo that is being opened, or no longer
    opened = Signal()  # another photo
    changed = Signal(Change)  # what is to be shown again
    moved = Signal()  # to another area of the photo
    pictured = Signal()  # another picture of the edit
    finished = Signal(Composed)  # the full render of the edit as it stands
    said = Signal(Message)
    bring_back_asked = Signal(Path)  # the project of this photo, as it was before its last save
    outdated = Signal(tuple)  # what messages that no longer hold are about

    def __init__(
        self, engine: EngineThread, background: Background, models: Background, entry: ModelEntry, parent: QObject
    ) -> None:
        """models: the worker that reads models, which may take long."""
        super().__init__(parent)
        self._engine = engine
        self._gesture = Gesture(self)
        self.file_tasks = FileTasks(background, self)
        self.preparing = Preparing(engine, models, self)
        of_models = active_model.Audience(self._model_changed, self._model_answered, self.say, self.withdraw)
        self.model = ActiveModel(entry, self.preparing, models, of_models, self)
        of_renders = render_plan.Audience(self._composed, self._render_failed, self._render_stopped, self._sharpened)
        self.rendering = Rendering(engine, background, of_renders, self)
        self.exports = Exports(engine, models, self.rendering, self.file_tasks, self)
        self.stored_previews = StoredPreviews(background, self._stored_arrived, self)
        self.document: Document | None = None
        self.taken_up: Left | None = None  # what a program left of the open photo, which is in it again
        self.sample: Sample | None = None  # of which the open photo is a copy
        self.glimpse: Glimpse | None = None  # of the photo that is being opened
        self.pictures: Pictures[Picture] = Pictures(
            self.rendering.plan,
            lambda: self.preparing.plan.estimates,
            self.model.all_there,
            Audience(self.pictured.emit, self.finished.emit, self._render_is_well),
        )
        self.file_tasks.glimpsed.connect(self._glimpsed)
        self.file_tasks.opened.connect(self._opened)
        self.file_tasks.open_failed.connect(self._stay)
        self.preparing.measured.connect(self._measured)
        self.preparing.prepared.connect(self.keep_prepared)
        self.preparing.failed.connect(self._preparing_failed)

    @property
    def session(self) -> Session | None:
        """Of the open photo."""
        return self.document.session if self.document else None

    def say(self, message: Message) -> None:
        """Tell the user."""
        self.said.emit(message)

    def say_failed(self, error: NtiError, topic: Topic, photo: Path) -> None:
        """Tell the user what went wrong with a photo; a project that can be brought back has a button that does it."""
        recoverable = isinstance(error, SidecarDamaged) and error.recoverable
        actions = (self.bringing_back(photo),) if recoverable else ()
        self.say(Message(str(error), Tone.ERROR, topic=topic, actions=actions))

    def bringing_back(self, photo: Path) -> Action:
        """Offer to open a photo with its project as it was before its last save."""
        return Action("Bring it back", partial(self.bring_back_asked.emit, photo))

    def tell(self, change: Change) -> None:
        """Have this shown again."""
        self.changed.emit(change)

    def withdraw(self, *topics: Topic, of: str = "") -> None:
        """Take back what was said about these."""
        self.outdated.emit(tuple((topic, of) for topic in topics))

    # Opening

    @slot(Glimpse)
    def _glimpsed(self, glimpse: Glimpse) -> None:
        self.glimpse = glimpse
        self.glimpsed.emit()
        self.changed.emit(Change.OPENING)

    @slot()
    def _stay(self) -> None:
        """Back to what was there before."""
        if self.glimpse is not None:
            self.glimpse = None
            self.glimpsed.emit()
            self.changed.emit(Change.OPENING)

    @slot(OpenedPhoto)
    def _opened(self, opened: OpenedPhoto) -> None:
        """A photo that is open as it lies on the disk stays so, with all that is not saved."""
        if self.session is not None and self.session.opens_as(opened.session):
            self._stay()
        else:
            self.show(opened.after(self.document))

    def show(self, opened: OpenedPhoto) -> None:
        """Go on with this photo in place of the one that is open."""
        self.glimpse = None
        if self.session is not None and self.session.sidecar != opened.session.sidecar:
            self.save()  # what was changed while this one was read
        self._stop_engine()
        defaults = self.model.entry.defaults
        self.document = Document(opened.session, defaults, desk=opened.desk, unsaved=opened.unsaved)
        self.taken_up = opened.left
        self.sample = None
        self.withdraw(*_OF_A_PHOTO)
        self.pictures.open(self.document, opened.before, opened.seen)
        self.stored_previews.open(opened.session)
        self.preparing.plan.open(self.document)
        self.model.open(self.document)
        self._show_stored()
        self.changed.emit(Change.EVERYTHING)
        self.opened.emit()
        self.changed.emit(Change.EVERYTHING)

    def go_on_elsewhere(self) -> None:
        """Another area of the photo is worked on by now."""
        self.withdraw(Topic.PREPARE, Topic.EFFECT, Topic.LOOK)
        self.model.measure()
        self.moved.emit()
        self.changed.emit(Change.EDIT | Change.AREA | Change.VERSIONS | Change.PREPARATION)
        self.pictured.emit()

    # The edit

    @slot(str)
    def describe(self, text: str) -> None:
        """Say what the photo shows."""
        if self.document is not None:
            self.withdraw(Topic.LOOK)
            self.document.describe(text)
            self.changed.emit(Change.EDIT | Change.VERSIONS | Change.PREPARATION)

    def complete(self, look: Look) -> None:
        """Say of the look what the description and the edit leave out."""
        if self.document is not None:
            self.document.complete(look)
            self.changed.emit(Change.EDIT | Change.VERSIONS | Change.PREPARATION)

    @slot()
    def settle_description(self) -> None:
        """The description is typed for now."""
        if self.document is not None:
            text = self.document.description
            self._say_emphasis(text, self.document.settle_description(), feedback.NO_WEIGHTS)

    def suggest(self, sample: Sample) -> None:
        """The open photo is a copy of a sample, whose sentence it gets where it has none; there are edits to try."""
        self.sample = sample
        if self.document is not None and not self.document.description:
            self.document.suggest(sample.caption)
        self.changed.emit(Change.EDIT | Change.VERSIONS | Change.PREPARATION)

    @slot(str)
    def say_in_words(self, text: str) -> None:
        """The edit in words."""
        if self.document is None:
            return
        emphasis = self.document.emphasis_in(text)
        self.attempt(lambda document: document.say_in_words(text))
        self.begin_by_itself()
        self._say_emphasis(text, emphasis, feedback.read_as_weights(emphasis))

    def begin_by_itself(self) -> None:
        """Prepare a photo whose edit needs nothing to be prepared, which takes no time."""
        document = self.document
        if document is not None and document.begins_by_itself and not self.preparing.plan.at_work:
            self.prepare()

    def _say_emphasis(self, text: str, emphasis: Emphasis, sentence: str | None) -> None:
        """Marks that were typed make room for the sentence that was meant."""
        if emphasis.prompt != text:
            self.changed.emit(Change.EDIT)
        if emphasis.weights and sentence:
            self.say(Message(sentence, topic=Topic.EMPHASIS))

    def edit(self, subject: str, change: Callable[[EditRecipe], EditRecipe]) -> None:
        """Change the recipe; see Document.edit."""
        gesture = self._gesture.number
        self.attempt(lambda document: document.edit(subject, change, gesture))

    def set_feather(self, feather: float) -> None:
        """Let the mask's border fade so softly."""
        state = self.document.state if self.document else None
        if state is not None:
            finish = replace(state.finish, feather=round(feather, 3))
            gesture = self._gesture.number
            self.attempt(lambda document: document.finish(finish, gesture))

    def undo(self) -> None:
        """Take back the last change of the edit or of the list of versions."""
        shown = self.document.version_id if self.document else ""
        self.attempt(Document.undo)
        if self.document is not None and self.document.version_id != shown:
            self.withdraw(Topic.DELETED)

    def redo(self) -> None:
        """Make the change again that was taken back."""
        self.attempt(Document.redo)

    def attempt(self, change: Callable[[Document], bool]) -> None:
        """Make a change that says whether it did, and show what it led to: another version at once as it was last seen,
        another picture as soon as it is there. Where it cannot be made, say why.
        """
        document = self.document
        if document is None:
            return
        version, area, look = document.version_id, document.area, (document.state, document.beside)
        try:
            if not change(document):
                return
        except NtiError as error:
            self.say(Message(str(error), Tone.ERROR, topic=Topic.RENDER))
            self.changed.emit(Change.EDIT | Change.VERSIONS)  # the panels go back to what holds
            return
        if document.version_id != version:
            self._show_stored()
        elif document.area != area:
            self.go_on_elsewhere()
        if (document.version_id, document.state, document.beside) != (version, *look):
            self.show_again()
        else:
            self.changed.emit(Change.EDIT | Change.VERSIONS)

    def show_again(self) -> None:
        """The edit is another one by now: ask for its picture."""
        self.withdraw(Topic.EFFECT, Topic.EMPHASIS)
        self.pictures.ask()
        self.changed.emit(Change.EDIT | Change.AREA | Change.VERSIONS | Change.PREPARATION)

    # Preparing

    @slot()
    def prepare(self) -> None:
        """Invert the photo with the description, model and way chosen."""
        if self.document is not None and self.document.can_be_prepared:
            self._prepare({self.document.area: self.document.description})

    def prepare_anew(self, fingerprint: str) -> None:
        """Invert all areas of the version that were prepared with the model of this fingerprint, as `prepare` does."""
        if self.document is not None and not self.preparing.plan.at_work:
            self._prepare(self.document.described_for(fingerprint))

    def _prepare(self, described: Mapping[Area, str]) -> None:
        self.withdraw(Topic.PREPARE, Topic.RENDER, Topic.LOOK)
        if described:
            self.model.prepare(described)
        self.changed.emit(Change.PREPARATION)

    @slot(Preparation)
    def keep_prepared(self, made: Preparation) -> None:
        """Keep what was prepared with its own photo, whatever is open by now."""
        document = made.document
        if self.document is not None and self.document.session.sidecar == document.session.sidecar:
            document = self.document  # the same photo, perhaps opened anew
        try:
            document.prepared(made.entry, made.prepared, made.start)
        except NtiError as error:
            self._preparing_failed(error)
            return
        self.file_tasks.save(SaveRequest(document.session))
        if document is self.document:
            self._show_stored()
            self.show_again()

    @slot(NtiError)
    def _preparing_failed(self, error: NtiError) -> None:
        if not isinstance(error, Cancelled):
            self.say(Message(str(error), Tone.ERROR, topic=Topic.PREPARE))
        self.changed.emit(Change.PREPARATION)

    @slot(Measured)
    def _measured(self, _measured: Measured) -> None:
        if not self.pictures.final:
            self.pictures.ask()  # the stored picture is small; now a real one can be made
        self.changed.emit(Change.PREPARATION)

    def _model_changed(self) -> None:
        self.changed.emit(Change.MODEL | Change.EDIT)  # one takes sentences, another orders

    def _model_answered(self) -> None:
        self.pictures.ask()

    # Pictures

    def _show_stored(self) -> None:
        self.withdraw(Topic.LOOK)  # which is about the version that was shown before
        self.pictures.show_stored()
        if self.document is not None and self.pictures.lacks_stored:
            self.stored_previews.ask(self.document.version_id)

    def _stored_arrived(self, version: str, picture: Picture) -> None:
        self.pictures.stored_arrived(version, picture)
        self.changed.emit(Change.PICTURE)

    def show_on(self, screen: bytes | None) -> None:
        """The screen profile that pictures are made for from now on, None for sRGB."""
        self.file_tasks.screen = screen
        self.rendering.show_on(screen)
        self.stored_previews.show_on(screen)

    def _sharpened(self, small: Picture, full: Picture) -> None:
        self.pictures.sharpened(small, full)

    def replace_pictures(self, converted: Mapping[Picture, Picture]) -> None:
        """The same pictures in the colours of another screen."""
        self.pictures.replace(converted)
        self.changed.emit(Change.PICTURE)

    def _render_is_well(self) -> None:
        self.withdraw(Topic.RENDER)

    @slot()
    def render(self) -> None:
        """The full render of a slow edit."""
        self.pictures.ask(by_hand=True)
        self.changed.emit(Change.PICTURE)

    def _composed(self, composed: Composed[Picture]) -> None:
        self.pictures.composed(composed)
        self.stored_previews.thumbnails.pop(composed.wanted.version, None)  # of a picture before
        self.changed.emit(Change.PICTURE)

    def _render_failed(self, _wanted: Wanted, error: NtiError) -> None:
        assert self.session is not None
        self.say_failed(error, Topic.RENDER, self.session.photo.path)
        self.changed.emit(Change.PICTURE)

    def _render_stopped(self) -> None:
        self.pictures.stop()
        self.changed.emit(Change.PICTURE)

    @slot()
    def cancel(self) -> None:
        """Stop opening a photo, else what the engine does."""
        if not self.file_tasks.stop_opening():
            self._stop_engine()

    def _stop_engine(self) -> None:
        self.preparing.plan.begin_no_more()
        self._engine.cancel_all()

    # Saving

    def save(self, by_itself: bool = False) -> None:
        """Write the project beside the photo. by_itself: see SaveRequest."""
        session = self.session
        if session is not None and session.working_copy.dirty:
            self.file_tasks.save(SaveRequest(session, by_itself))
