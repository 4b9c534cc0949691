"""Which models there are, looked at away from the window: they may lie on slow drives, or on one that is unplugged."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from nti_desktop.core.errors import AutoencoderMissing, NtiError
from nti_desktop.core.progress import CancelToken, report_nothing
from nti_desktop.editing.adding import add_model, asking
from nti_desktop.gui.widgets.message_bar import Action, Message, Tone, Topic
from nti_desktop.gui.workers.background import Background
from nti_desktop.gui.workers.threads import slot
from nti_desktop.models.hub.client import free_space
from nti_desktop.models.library.additions import found_additions
from nti_desktop.models.library.catalog import ModelEntry
from nti_desktop.models.library.extending import extend, reduce
from nti_desktop.models.library.places import move_store, read_places, store_fault
from nti_desktop.models.library.programs import Source
from nti_desktop.models.library.scan import Candidate
from nti_desktop.models.library.store import Incoming, Listed, incoming, listed_models, remove, remove_incoming


@dataclass(frozen=True)
class Contents:
    """models: all that there are, usable or not, the built-in ones first; broken_off: downloads; store: where they go;
    found: additions in usual places; free: bytes there, None when that cannot be told; faults: what is wrong
    with the places, in sentences.
    """

    models: tuple[Listed, ...]
    broken_off: tuple[Incoming, ...]
    store: Path
    found: tuple[Path, ...]
    free: int | None
    faults: tuple[str, ...]

    @property
    def usable(self) -> tuple[ModelEntry, ...]:
        """Models that can be worked with."""
        return tuple(model.entry for model in self.models if model.entry is not None)


class ModelLibrary(QObject):
    """Looks, and changes what lies where; `contents` is None until it has looked for the first time."""

    changed = Signal()  # `contents`, or whether it is being looked
    added = Signal(Path)  # before the look that finds it
    removed = Signal(Path)
    vae_wanted = Signal(Path)  # for a model that was to be added and lacks one
    said = Signal(Message)

    def __init__(self, models: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._models = models
        self._looks = 0
        self.contents: Contents | None = None

    @property
    def looking(self) -> bool:
        """Whether the models are being looked for."""
        return self._looks > 0

    def look(self) -> None:
        """Read the places and the headers of what lies there."""
        self._looks += 1

        def done(contents: Contents) -> None:
            self._looks -= 1
            self.contents = contents
            self.changed.emit()

        def failed(error: NtiError) -> None:
            self._looks -= 1
            self._failed(error)
            self.changed.emit()

        self._models.submit(_look, done, failed, lane="look")
        self.changed.emit()

    @slot(Path)
    def add(self, path: Path) -> None:
        """List a model that lies elsewhere; it is used where it is."""
        self.pair(path, None)

    @slot(Path, object)
    def pair(self, path: Path, autoencoder: Path | None) -> None:
        """Let a model, listed or not yet, draw by the autoencoder in this file, or by its own for None."""

        def done(sentence: str) -> None:
            self.added.emit(path)
            self._say(sentence)

        def failed(error: NtiError) -> None:
            choose = Action("Choose a VAE…", partial(self.vae_wanted.emit, path))
            lacks = autoencoder is not None or isinstance(error, AutoencoderMissing)
            actions = (choose,) if lacks else ()
            self.said.emit(Message(str(error), Tone.ERROR, topic=Topic.MODELS, actions=actions))

        self._change(lambda: add_model(path, autoencoder, asking(report_nothing, CancelToken())), done, failed)

    def say_and_look(self, sentence: str) -> None:
        """Say what has changed elsewhere, and look at the models anew."""
        self._say(sentence)
        self.look()

    @slot(Listed)
    def remove(self, model: Listed) -> None:
        """Delete a model of the store; forget one that lies elsewhere."""
        path = model.path
        assert path is not None
        candidate = Candidate(path, Source(model.source))

        def done(sentence: str) -> None:
            self.removed.emit(path)
            self._say(sentence)

        self._change(lambda: remove(candidate, read_places()), done)

    @slot(Path, Path, float)
    def extend(self, model: Path, file: Path, weight: float) -> None:
        """Give a model an addition, or a LoRA that it has another weight."""
        self._change(lambda: extend(model, file, weight), self._say)

    @slot(Path, Path)
    def reduce(self, model: Path, file: Path) -> None:
        """Take an addition away from a model."""
        self._change(lambda: reduce(model, file), self._say)

    @slot(Incoming)
    def remove_broken_off(self, download: Incoming) -> None:
        """Delete the pieces of a download."""
        self._change(lambda: remove_incoming(download), self._say)

    @slot(Path)
    def move_store(self, store: Path) -> None:
        """Downloads go to another folder from now on."""

        def task() -> str:
            before, places = read_places().store, move_store(store)
            stays = f" Models that are in “{before}” stay there." if before != places.store else ""
            return f"Downloads go to “{places.store}” from now on.{stays}"

        self._change(task, self._say)

    def _change(
        self, task: Callable[[], str], done: Callable[[str], None], failed: Callable[[NtiError], None] | None = None
    ) -> None:
        def changed(sentence: str) -> None:
            done(sentence)
            self.look()

        self._models.submit(task, changed, failed or self._failed)

    def _say(self, sentence: str) -> None:
        self.said.emit(Message(sentence, topic=Topic.MODELS))

    def _failed(self, error: NtiError) -> None:
        self.said.emit(Message(str(error), Tone.ERROR, topic=Topic.MODELS))


def _look() -> Contents:
    places = read_places()
    try:
        free = free_space(places.store)
    except OSError:
        free = None
    faults = tuple(fault for fault in (places.fault, store_fault(places)) if fault)
    return Contents(listed_models(places), incoming(places.store), places.store, found_additions(places), free, faults)
