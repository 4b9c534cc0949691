"""What many edits leave behind: a bounded number of everything but the steps of undo."""

import gc
from collections import Counter
from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject

from nti_desktop.editing.engine_queue import Ticket
from nti_desktop.editing.render_plan import Composed
from nti_desktop.editing.render_requests import Wanted
from nti_desktop.gui.canvas.picture import Picture
from nti_desktop.gui.main_window import MainWindow
from nti_desktop.recipe.jobs import Rendered, RenderJob

ROUND = 16  # edits, more than any store of renders keeps
HEAVY = (Composed, Picture, Rendered, RenderJob, Ticket, Wanted)


@pytest.mark.slow
def test_edits_leave_no_more_behind_than_those_before_them(
    prepared: MainWindow, sample_edit: str, until: Callable[[Callable[[], bool]], None]
) -> None:
    editor = prepared.editor
    editor.say_in_words(sample_edit)

    def edit_again_and_again() -> tuple[Counter[str], int]:
        for _ in range(ROUND):
            nonlocal edits
            edits += 1
            sliders = prepared.editor_view.words_panel.sliders
            sliders[edits % len(sliders)].slide_to(0.5 + edits / 100)
            until(lambda: editor.pictures.final and not prepared.background.busy)
        gc.collect()
        heavy = Counter(type(each).__name__ for each in gc.get_objects() if isinstance(each, HEAVY))
        return heavy, len(prepared.findChildren(QObject))

    edits = 0
    edit_again_and_again()
    heavy, objects = edit_again_and_again()
    heavy_later, objects_later = edit_again_and_again()
    assert heavy["Rendered"] > 0
    for kind, count in heavy_later.items():
        assert count <= heavy[kind] + 2, f"{kind}: {heavy[kind]}, then {count}"  # a preview more or less is on its way
    assert objects_later <= objects
