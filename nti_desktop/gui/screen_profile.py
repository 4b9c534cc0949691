"""The profile of a screen: what X11 or Windows says, or a file that the user chose."""

import ctypes
import logging
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from PySide6.QtGui import QGuiApplication, QScreen

from nti_desktop.core import disk
from nti_desktop.photo.colour import fits_a_screen, profile_name

log = logging.getLogger(__name__)

_LARGEST = 16 << 20  # bytes of a profile; real ones take up to 3 MB
_SHOWN = 28  # characters of a profile's name
_HEADER = 32  # bytes of every X11 reply
_NEAREST = 2  # MONITOR_DEFAULTTONEAREST

Corner = tuple[int, int]  # x and y of a screen's upper left pixel among all screens


@dataclass(frozen=True)
class ScreenProfile:
    """profile: None where sRGB is assumed; note: a few words; explanation: where it comes from; trouble: what is wrong
    with the file that the user chose, or nothing.
    """

    profile: bytes | None
    note: str
    explanation: str
    trouble: str = ""


def find_profile(screen: QScreen, chosen: Path | None) -> ScreenProfile:
    """The profile of a screen: of the file chosen, else the system's, else sRGB."""
    trouble = ""
    if chosen is not None:
        profile = read_profile(chosen)
        if profile is not None:
            return ScreenProfile(profile, _note(profile), f"Photos are shown in the profile you chose, {chosen}.")
        trouble = f"The screen profile “{chosen.name}” is missing or damaged, or not for a screen; choose another one."
    profile = system_profile(screen)
    if profile is None:
        said = "The system names no profile for this screen, so photos are shown as on an sRGB screen."
    elif not fits_a_screen(profile):
        profile = None
        said = (
            "The profile that the system names for this screen cannot be used, so photos are shown as on an sRGB one."
        )
    else:
        said = f"Photos are shown in the profile that the system names for this screen, “{profile_name(profile)}”."
    return ScreenProfile(profile, _note(profile), said, trouble)


def read_profile(path: Path) -> bytes | None:
    """A file's profile; None if there is none that a screen can have."""
    try:
        data = _read(path)
    except OSError:
        return None
    return data if data is not None and fits_a_screen(data) else None


def system_profile(screen: QScreen) -> bytes | None:
    """Read what the system names as a screen's profile, whatever it may be; None where it names none."""
    place, screens = screen.geometry().topLeft(), QGuiApplication.screens()
    corner, number = (place.x(), place.y()), screens.index(screen) if screen in screens else 0
    try:
        match QGuiApplication.platformName():
            case "xcb":
                return x11_profile(XServer, corner, number)
            case "windows":
                load: Any = getattr(ctypes, "WinDLL")  # noqa: B009 - there is none elsewhere
                return windows_profile(load("user32"), load("gdi32"), corner)
    except Exception:  # a foreign library: whatever it does, photos are shown without it
        log.exception("The screen's profile cannot be asked for")
    return None


def _note(profile: bytes | None) -> str:
    if profile is None:
        return "Screen: sRGB assumed"
    name = profile_name(profile)
    return f"Screen: {name if len(name) <= _SHOWN else name[: _SHOWN - 1].rstrip() + '…'}"


def _read(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    with disk.open_to_read(path) as file:
        data = file.read(_LARGEST + 1)
    return data if len(data) <= _LARGEST else None


# X11: a property of the root window for each monitor ("ICC Profiles in X", 0.3)


class XReplies(Protocol):
    """What is asked of an X server: replies as they come over the wire, None for none."""

    def root_property(self, name: str) -> bytes | None: ...

    def monitors(self) -> bytes | None: ...


def x11_profile(connect: Callable[[], AbstractContextManager[XReplies]], corner: Corner, number: int) -> bytes | None:
    """The profile of the monitor at a corner; where the server tells no monitors, of the one with this number."""
    with connect() as server:
        corners = monitor_corners(server.monitors() or b"")
        index = corners.index(corner) if corner in corners else number
        return property_value(server.root_property(f"_ICC_PROFILE_{index}" if index else "_ICC_PROFILE") or b"")


def property_value(reply: bytes) -> bytes | None:
    """The bytes of a GetProperty reply; None unless it is a whole property of bytes."""
    if len(reply) < _HEADER:
        return None
    _, bits, _, _, _, left, count = struct.unpack_from("=BBHIIII", reply)
    if bits != 8 or left or not 0 < count <= len(reply) - _HEADER:
        return None
    return reply[_HEADER : _HEADER + count]


def monitor_corners(reply: bytes) -> list[Corner]:
    """The corners of all monitors of a RandR GetMonitors reply, in Xinerama's order; those that are whole."""
    corners: list[Corner] = []
    if len(reply) < _HEADER:
        return corners
    (count,), at = struct.unpack_from("=I", reply, 12), _HEADER
    while len(corners) < count and at + 24 <= len(reply):
        outputs, x, y = struct.unpack_from("=Hhh", reply, at + 6)
        corners.append((x, y))
        at += 24 + 4 * outputs
    return corners


class XServer:
    """A connection of its own to the X server: no error on it can reach the one that the window lives on."""

    def __init__(self) -> None:
        self._xcb = ctypes.CDLL("libxcb.so.1")
        self._free = ctypes.CDLL(None).free
        self._free.argtypes, self._free.restype = (ctypes.c_void_p,), None
        self._xcb.xcb_connect.restype = ctypes.c_void_p
        self._xcb.xcb_get_setup.restype = ctypes.c_void_p
        self._xcb.xcb_setup_roots_iterator.restype = _Roots
        number = ctypes.c_int(0)
        self._connection = ctypes.c_void_p(self._xcb.xcb_connect(None, ctypes.byref(number)))
        self._root = self._root_of(number.value)

    def __enter__(self) -> "XServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._xcb.xcb_disconnect(self._connection)  # also after a connection that failed

    def root_property(self, name: str) -> bytes | None:
        """The reply that holds a property of the root window."""
        if self._root is None:
            return None
        asked = self._xcb, "xcb_intern_atom", (ctypes.c_uint8(1), ctypes.c_uint16(len(name)), name.encode())
        atom = self._reply(*asked)
        if atom is None or len(atom) < 12 or not any(atom[8:12]):
            return None
        (number,) = struct.unpack_from("=I", atom, 8)
        values = (self._root, number, 0, 0, _LARGEST // 4)  # window, property, any type, offset, length
        return self._reply(self._xcb, "xcb_get_property", (ctypes.c_uint8(0), *map(ctypes.c_uint32, values)))

    def monitors(self) -> bytes | None:
        """The reply that holds the monitors; asked of a server that has the extension, as others would hang up."""
        known = self._reply(self._xcb, "xcb_query_extension", (ctypes.c_uint16(5), b"RANDR"))
        if self._root is None or known is None or not known[8]:
            return None
        try:
            library = ctypes.CDLL("libxcb-randr.so.0")
        except OSError:
            return None
        return self._reply(library, "xcb_randr_get_monitors", (ctypes.c_uint32(self._root), ctypes.c_uint8(1)))

    def _root_of(self, number: int) -> int | None:
        if self._xcb.xcb_connection_has_error(self._connection):
            return None
        setup = ctypes.c_void_p(self._xcb.xcb_get_setup(self._connection))
        roots = self._xcb.xcb_setup_roots_iterator(setup)
        while number > 0 and roots.left > 1:
            self._xcb.xcb_screen_next(ctypes.byref(roots))
            number -= 1
        return int(ctypes.c_uint32.from_address(roots.data).value) if roots.data and roots.left > 0 else None

    def _reply(self, library: ctypes.CDLL, request: str, values: tuple[Any, ...]) -> bytes | None:
        """Ask and wait for the reply, all of it; None for an error."""
        if self._xcb.xcb_connection_has_error(self._connection):
            return None
        ask, answer = library[request], library[f"{request}_reply"]
        ask.restype, answer.restype = _Cookie, ctypes.c_void_p
        error = ctypes.c_void_p()
        reply = answer(self._connection, ask(self._connection, *values), ctypes.byref(error))
        self._free(error)
        if not reply:
            return None
        try:
            words = ctypes.c_uint32.from_address(reply + 4).value
            return ctypes.string_at(reply, _HEADER + 4 * words)
        finally:
            self._free(reply)


class _Cookie(ctypes.Structure):
    """xcb_void_cookie_t and its like."""

    _fields_ = (("sequence", ctypes.c_uint),)


class _Roots(ctypes.Structure):
    """xcb_screen_iterator_t; a screen begins with the number of its root window."""

    _fields_ = (("data", ctypes.c_void_p), ("left", ctypes.c_int), ("index", ctypes.c_int))


# Windows: a file for each monitor


class _Point(ctypes.Structure):
    """POINT"""

    _fields_ = (("x", ctypes.c_long), ("y", ctypes.c_long))


class _Monitor(ctypes.Structure):
    """MONITORINFOEXW"""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("places", ctypes.c_int32 * 8),
        ("flags", ctypes.c_uint32),
        ("device", ctypes.c_wchar * 32),
    )


def windows_profile(user32: Any, gdi32: Any, corner: Corner) -> bytes | None:
    """The profile of the monitor at a corner, as Windows' colour management assigns it."""
    user32.MonitorFromPoint.restype = gdi32.CreateDCW.restype = ctypes.c_void_p
    monitor = ctypes.c_void_p(user32.MonitorFromPoint(_Point(*corner), ctypes.c_uint32(_NEAREST)))
    info = _Monitor(size=ctypes.sizeof(_Monitor))
    if not monitor or not user32.GetMonitorInfoW(monitor, ctypes.byref(info)):
        return None
    context = ctypes.c_void_p(gdi32.CreateDCW(ctypes.c_wchar_p(info.device), None, None, None))
    if not context:
        return None
    try:
        path = ctypes.create_unicode_buffer(32768)
        size = ctypes.c_uint32(len(path))
        if not gdi32.GetICMProfileW(context, ctypes.byref(size), path):
            return None
    finally:
        gdi32.DeleteDC(context)
    return _read(Path(path.value))
