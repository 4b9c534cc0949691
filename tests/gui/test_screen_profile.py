"""The profile of a screen: as X11 and Windows tell it, out of a file, and where there is none."""

import contextlib
import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from PIL import ImageCms
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from nti_desktop.gui import screen_profile
from nti_desktop.gui.screen_profile import (
    find_profile,
    monitor_corners,
    property_value,
    read_profile,
    system_profile,
    windows_profile,
    x11_profile,
)
from tests.profiles import DISPLAY_P3, LUT_PROFILE, PRO_PHOTO

LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def property_reply(value: bytes, bits: int = 8, left: int = 0, count: int | None = None) -> bytes:
    """GetProperty's reply, as the X protocol lays it out."""
    padded = value + b"\0" * (-len(value) % 4)
    count = len(value) if count is None else count
    return struct.pack("=BBHIIII12x", 1, bits, 7, len(padded) // 4, 6, left, count) + padded


def monitors_reply(*monitors: tuple[int, int, int]) -> bytes:
    """RandR's GetMonitors reply; x, y and number of outputs of each."""
    body = b"".join(
        struct.pack("=IBBHhhHHII", 300, 0, 1, outputs, x, y, 1920, 1080, 500, 300) + struct.pack("=I", 66) * outputs
        for x, y, outputs in monitors
    )
    return struct.pack("=BBHIIII12x", 1, 0, 9, len(body) // 4, 1, len(monitors), sum(m[2] for m in monitors)) + body


class Server:
    """An X server's replies."""

    def __init__(self, properties: dict[str, bytes], monitors: bytes | None) -> None:
        self._properties, self._monitors = properties, monitors
        self.closed = False

    @contextlib.contextmanager
    def connect(self) -> Iterator["Server"]:
        yield self
        self.closed = True

    def root_property(self, name: str) -> bytes | None:
        return self._properties.get(name)

    def monitors(self) -> bytes | None:
        return self._monitors


TWO = {"_ICC_PROFILE": property_reply(DISPLAY_P3), "_ICC_PROFILE_1": property_reply(PRO_PHOTO)}
SIDE_BY_SIDE = monitors_reply((1920, 0, 2), (0, 0, 1))


@pytest.mark.parametrize(
    ("corner", "number", "monitors", "profile"),
    [
        ((1920, 0), 1, SIDE_BY_SIDE, DISPLAY_P3),
        ((0, 0), 0, SIDE_BY_SIDE, PRO_PHOTO),
        ((0, 0), 0, None, DISPLAY_P3),
        ((1920, 0), 1, None, PRO_PHOTO),
        ((3840, 0), 2, SIDE_BY_SIDE, None),
    ],
)
def test_each_monitor_has_a_property_of_its_own(
    corner: tuple[int, int], number: int, monitors: bytes | None, profile: bytes | None
) -> None:
    server = Server(TWO, monitors)
    assert x11_profile(server.connect, corner, number) == profile
    assert server.closed


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        property_reply(DISPLAY_P3)[:31],
        property_reply(b""),
        property_reply(DISPLAY_P3, bits=32),
        property_reply(DISPLAY_P3, left=4),
        property_reply(DISPLAY_P3, count=1 << 30),
    ],
    ids=["none", "cut", "empty", "of numbers", "too large", "lying"],
)
def test_a_property_that_is_no_whole_profile_is_none(reply: bytes) -> None:
    assert property_value(reply) is None


def test_a_reply_that_is_cut_or_lies_gives_the_monitors_it_holds() -> None:
    assert monitor_corners(SIDE_BY_SIDE) == [(1920, 0), (0, 0)]
    assert monitor_corners(SIDE_BY_SIDE[:-8]) == [(1920, 0)]
    assert monitor_corners(SIDE_BY_SIDE[:12] + b"\xff" * 4 + SIDE_BY_SIDE[16:]) == [(1920, 0), (0, 0)]
    assert monitor_corners(monitors_reply((-1280, -200, 1))) == [(-1280, -200)]
    assert monitor_corners(b"") == []


def windows(path: Path | str, device: str = r"\\.\DISPLAY2") -> tuple[MagicMock, MagicMock]:
    """Windows' libraries, as far as they are asked."""
    user32, gdi32 = MagicMock(), MagicMock()
    user32.MonitorFromPoint.return_value = 65537

    def monitor_info(_monitor: object, pointer: object) -> int:
        info = pointer._obj  # type: ignore[attr-defined]
        assert info.size == ctypes.sizeof(info) == 40 + 64 * ctypes.sizeof(ctypes.c_wchar) // 2
        info.device = device
        return 1

    def profile_name(_context: object, size: object, buffer: ctypes.Array[ctypes.c_wchar]) -> int:
        assert size._obj.value == len(buffer)  # type: ignore[attr-defined]
        buffer.value = str(path)
        return int(bool(path))

    user32.GetMonitorInfoW.side_effect = monitor_info
    gdi32.CreateDCW.return_value = 4711
    gdi32.GetICMProfileW.side_effect = profile_name
    return user32, gdi32


def test_windows_names_a_file_for_each_monitor(tmp_path: Path) -> None:
    file = tmp_path / "Bildschirm ä.icm"
    file.write_bytes(DISPLAY_P3)
    user32, gdi32 = windows(file)
    assert windows_profile(user32, gdi32, (1920, -5)) == DISPLAY_P3
    point = user32.MonitorFromPoint.call_args.args[0]
    assert (point.x, point.y) == (1920, -5)
    assert gdi32.CreateDCW.call_args.args[0].value == r"\\.\DISPLAY2"
    assert gdi32.DeleteDC.call_args.args[0].value == 4711


def test_windows_may_name_none(tmp_path: Path) -> None:
    assert windows_profile(*windows(""), (0, 0)) is None
    assert windows_profile(*windows(tmp_path / "gone.icm"), (0, 0)) is None
    user32, gdi32 = windows(tmp_path)
    gdi32.CreateDCW.return_value = None
    assert windows_profile(user32, gdi32, (0, 0)) is None
    user32.MonitorFromPoint.return_value = None
    assert windows_profile(user32, gdi32, (0, 0)) is None
    gdi32.DeleteDC.assert_not_called()


@pytest.mark.parametrize("profile", [DISPLAY_P3, PRO_PHOTO, LUT_PROFILE], ids=["P3", "ProPhoto", "table"])
def test_a_file_with_a_profile_is_taken(profile: bytes, tmp_path: Path) -> None:
    file = tmp_path / "screen.icc"
    file.write_bytes(profile)
    assert read_profile(file) == profile


@pytest.mark.parametrize(
    "data",
    [b"", b"no profile at all", DISPLAY_P3[:300], DISPLAY_P3.replace(b"RGB XYZ ", b"CMYKXYZ "), LAB, bytes(17 << 20)],
    ids=["empty", "text", "cut", "CMYK", "Lab", "too large"],
)
def test_a_file_without_one_is_not(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "screen.icc"
    file.write_bytes(data)
    assert read_profile(file) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files here")
def test_a_file_that_is_none_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.icc")
    assert read_profile(tmp_path / "pipe.icc") is None
    assert read_profile(tmp_path) is None
    assert read_profile(tmp_path / "gone.icc") is None


def test_the_file_goes_before_the_system_and_the_system_before_srgb(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = QGuiApplication.primaryScreen()
    file = tmp_path / "mine.icc"
    file.write_bytes(PRO_PHOTO)
    assert system_profile(screen) is None  # the tests have no screen
    assert find_profile(screen, None).note == "Screen: sRGB assumed"

    monkeypatch.setattr(screen_profile, "system_profile", lambda _screen: DISPLAY_P3)
    found = find_profile(screen, None)
    assert (found.profile, found.note) == (DISPLAY_P3, "Screen: Display P3")
    found = find_profile(screen, file)
    assert (found.profile, found.note, found.trouble) == (PRO_PHOTO, "Screen: ProPhoto RGB", "")
    assert str(file) in found.explanation
    file.unlink()
    found = find_profile(screen, file)
    assert found.profile == DISPLAY_P3
    assert "“mine.icc” is missing" in found.trouble

    monkeypatch.setattr(screen_profile, "system_profile", lambda _screen: DISPLAY_P3[:200])
    found = find_profile(screen, None)
    assert (found.profile, found.note) == (None, "Screen: sRGB assumed")
    assert "cannot be used" in found.explanation


def test_a_library_that_fails_is_no_failure(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise OSError("libxcb.so.1: cannot open shared object file")

    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "xcb")
    monkeypatch.setattr(screen_profile, "x11_profile", broken)
    assert system_profile(QGuiApplication.primaryScreen()) is None
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "windows")
    monkeypatch.setattr(screen_profile, "windows_profile", broken)
    assert system_profile(QGuiApplication.primaryScreen()) is None
