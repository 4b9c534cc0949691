"""Who only looks at a photo leaves it, its project and its folder as they were."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nti_desktop.gui.main_window import MainWindow
from nti_desktop.photo.frame import Area
from tests.gui.conftest import OpenWindow

Until = Callable[[Callable[[], bool]], None]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_looking_writes_nothing_and_leaves_nothing_to_save(
    prepared: MainWindow,
    open_window: OpenWindow,
    close: Callable[[MainWindow], None],
    until: Until,
    photo: Path,
    sample_edit: str,
) -> None:
    prepared.editor.say_in_words(sample_edit)
    prepared.versions.add_version()
    close(prepared)
    before = contents(photo.parent)

    window = open_window()
    editor = window.editor
    window.opening.open_path(photo)
    until(lambda: editor.document is not None and editor.preparing.plan.estimates.measured is not None)
    until(lambda: editor.rendering.plan.last is not None and editor.pictures.final)
    assert editor.document is not None
    assert editor.session is not None
    for command in ("next_version", "zoom_in", "full_size", "fit", "compare", "show_before", "show_mask"):
        window.actions_by_name[command].trigger()
    until(lambda: editor.rendering.plan.last is not None and editor.pictures.final)
    window.exporting.export()
    window.exporting.dialog.close()
    window.areas.choose(Area(0, 0, 64, 64))
    window.areas.choose(editor.document.whole)
    window.leaving.save()
    assert not editor.session.working_copy.dirty
    assert not window.isWindowModified()
    assert not window.actions_by_name["save"].isEnabled()

    theirs = photo.with_name(photo.name + ".nti")
    theirs.write_bytes(before[theirs.name] + b"written by someone else")
    close(window)  # nothing is said of a project that was changed elsewhere
    assert contents(photo.parent) == before | {theirs.name: before[theirs.name] + b"written by someone else"}
