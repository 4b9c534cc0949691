"""Which device computes: those there are, the one chosen, and what it was found to compute in."""

from PySide6.QtCore import QObject

from nti_desktop.core.errors import DeviceStopped, NtiError
from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.gui import preferences
from nti_desktop.gui.controllers.editor import Editor
from nti_desktop.gui.editor.model_panel import ModelPanel
from nti_desktop.gui.workers.engine_thread import EngineThread
from nti_desktop.gui.workers.threads import slot
from nti_desktop.recipe.jobs import Device, Measured

_BEST = "Best available"
# Until the engine has looked.
_UNSEEN = {"cuda": "Graphics card", "xpu": "Intel graphics", "mps": "Apple graphics", "cpu": "Processor"}


class DeviceChooser(QObject):
    """Keeps the panel's list of devices. The engine knows them, so they are listed with the first measurement."""

    def __init__(self, engine: EngineThread, editor: Editor, panel: ModelPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._engine, self._editor, self._panel = engine, editor, panel
        self._chosen_kind = preferences.device()
        self._devices: tuple[Device, ...] = ()
        editor.preparing.measured.connect(self._measured)
        engine.failed.connect(self._failed)
        panel.devices.activated.connect(self._chosen)
        engine.choose_device(self._chosen_kind)
        self._show("")

    @slot(Measured)
    def _measured(self, measured: Measured) -> None:
        self._devices = measured.devices
        computed = [f"{measured.device}, {measured.precision}."] if measured.precision else []
        self._show(" ".join([*computed, *measured.passed_over]))

    @slot(Ticket, NtiError)
    def _failed(self, _ticket: Ticket, error: NtiError) -> None:
        if isinstance(error, DeviceStopped):  # another one goes on, which is measured and told
            self._editor.model.measure()

    @slot(int)
    def _chosen(self, index: int) -> None:
        kind = self._kinds()[index]
        if kind == self._chosen_kind:
            return
        self._chosen_kind = kind
        preferences.remember_device(kind)
        self._engine.choose_device(kind)
        self._show("")
        self._editor.model.measure_again()

    def _kinds(self) -> list[str | None]:
        """Of the devices listed; a chosen one that is not there any more can be chosen away."""
        there: list[str | None] = [None, *(device.kind for device in self._devices)]
        return there if self._chosen_kind in there else [*there, self._chosen_kind]

    def _show(self, precision: str) -> None:
        names = {device.kind: device.name for device in self._devices}
        kinds = self._kinds()
        titles = [_BEST if kind is None else names.get(kind) or _unseen(kind) for kind in kinds]
        self._panel.show_devices(titles, kinds.index(self._chosen_kind), precision)


def _unseen(kind: str) -> str:
    return _UNSEEN.get(kind.partition(":")[0], kind)
