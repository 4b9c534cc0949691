"""One window for each user and screen: a second start hands its photo to the first, which comes forward."""

import getpass
import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import platformdirs
from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from nti_desktop.core.lock import alone_in
from nti_desktop.gui.workers.threads import slot

_PATIENCE = 5_000  # milliseconds until a window that does not answer is taken for one that hangs
_LONGEST = 1 << 20  # bytes of a request
_TAKEN = b"taken\n"


class SingleInstance(QObject):
    """Listens for later starts. asked: a start without photos, or with some, as absolute paths; ending: whether the
    window is about to close, and a later start has to open one of its own.
    """

    asked = Signal(tuple)

    def __init__(self, name: str, parent: QObject) -> None:
        """name: of the socket. Where it cannot be had, nobody is heard."""
        super().__init__(parent)
        self.ending: Callable[[], bool] = lambda: False
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        if not self._server.listen(name):
            QLocalServer.removeServer(name)  # nobody answers there, see `first_or_handed_over`
            self._server.listen(name)

    def close(self) -> None:
        """Hear no more: a later start opens a window of its own."""
        self._server.close()

    @slot()
    def _connected(self) -> None:
        while (connection := self._server.nextPendingConnection()) is not None:
            connection.readyRead.connect(self._read)
            connection.disconnected.connect(connection.deleteLater)
            self._hear(connection)

    @slot()
    def _read(self) -> None:
        connection = self.sender()
        assert isinstance(connection, QLocalSocket)
        self._hear(connection)

    def _hear(self, connection: QLocalSocket) -> None:
        if connection.bytesAvailable() > _LONGEST:
            connection.abort()
        elif connection.canReadLine():
            paths = _paths(bytes(connection.readLine().data()))
            if self.ending():
                self.close()  # before the other one listens under the same name
            if paths is None or self.ending():
                connection.abort()
                return
            connection.write(_TAKEN)
            connection.flush()
            connection.disconnectFromServer()
            self.asked.emit(paths)


def first_or_handed_over(paths: Sequence[Path], parent: QObject) -> SingleInstance | None:
    """Listen for later starts, or hand the photos to the window that does already; None then, as all is done."""
    name = _socket_name()
    with ExitStack() as stack:
        with suppress(OSError):  # then two that start at the same moment may both open a window
            own = platformdirs.user_state_path("nti-desktop", appauthor=False, ensure_exists=True)
            stack.enter_context(alone_in(own))
        return None if _hand_over(name, paths) else SingleInstance(name, parent)


def _hand_over(name: str, paths: Sequence[Path]) -> bool:
    """Tell whether a window took them."""
    if hasattr(os, "getuid") and os.path.exists(name) and os.stat(name).st_uid != os.getuid():
        return False  # another user's, whatever it is called
    connection = QLocalSocket()
    connection.connectToServer(name)
    if not connection.waitForConnected(_PATIENCE):
        return False
    connection.write(json.dumps([os.path.abspath(path) for path in paths]).encode() + b"\n")
    connection.waitForBytesWritten(_PATIENCE)
    while not connection.canReadLine():
        if not connection.waitForReadyRead(_PATIENCE):
            return False
    return connection.readLine().data() == _TAKEN


def _paths(line: bytes) -> tuple[Path, ...] | None:
    """Read what another start asks for; None where it asks for nothing that makes sense."""
    try:
        asked = json.loads(line)
    except ValueError:
        return None
    if not isinstance(asked, list) or not all(isinstance(path, str) for path in asked):
        return None
    return tuple(Path(path) for path in asked)


def _socket_name() -> str:
    """Name a socket of this user: in the folder of the login where there is one, else among the temporary files. Who
    works at two screens, as from another computer, has one for each, as a window cannot go from one to the other.
    """
    user = str(os.getuid()) if hasattr(os, "getuid") else getpass.getuser()
    if os.name == "nt":
        return f"nti-desktop-{user}"
    screen = os.environ.get("DISPLAY", "").removesuffix(".0") or os.environ.get("WAYLAND_DISPLAY", "")
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    folder = runtime if os.path.isabs(runtime) and os.access(runtime, os.W_OK) else tempfile.gettempdir()
    return os.path.join(folder, "-".join(["nti-desktop", user, *re.findall(r"\w+", screen)]))
