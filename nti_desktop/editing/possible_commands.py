"""Which commands have something to do, of those that are about the open photo."""

from nti_desktop.editing.document import Document
from nti_desktop.editing.marking import can_be_marked, marks_on_photo
from nti_desktop.editing.tries import drawn_by_lot, tries_of

_LOOKING = ("fit", "full_size", "zoom_in", "zoom_out")


def possible_commands(
    document: Document | None, *, opening: bool, can_prepare: bool, comparable: bool, can_render: bool, returns: bool
) -> dict[str, bool]:
    """Tell of each command by its name whether it has something to do.

    opening: whether another photo is on its way in and can be looked at, which is all that can be done then;
    can_prepare: whether the photo can be prepared now; comparable: whether its edit can be made in several ways;
    can_render: whether there is a full render of the edit to be asked for; returns: whether a raw editor waits for a
    picture of this photo.
    """
    is_open = document is not None
    ready = document is not None and document.up_to_date
    state = document.state if document is not None else None
    marked = document is not None and bool(marks_on_photo(document))
    versions = document.session.project.versions if document is not None else ()
    possible = {
        "save": document is not None and document.session.working_copy.dirty,
        "save_as": document is not None and document.session.read_only is None,
        "export": is_open,
        "export_again": is_open,
        "return_to_editor": is_open and returns,
        "undo": document is not None and document.can_undo,
        "redo": document is not None and document.can_redo,
        "prepare": is_open and can_prepare,
        "render_edit": is_open and can_render,
        "compare_ways": is_open and comparable,
        "show_tries": document is not None and tries_of(document, screen=None) is not None,
        "another_try": document is not None and drawn_by_lot(document),
        "tell_story": ready and bool(versions) and document is not None and document.session.read_only is None,
        "apply_to_others": ready and bool(versions),
        "take_look": document is not None and bool(document.edit_text.strip()) and document.row.described,
        "complete_description": can_prepare and document is not None and bool(document.source.strip()),
        "draw_area": is_open,
        "mark_place": document is not None and can_be_marked(document),
        "draw_after_picture": marked and document is not None and document.row.takes_pictures,
        "take_picture_away": state is not None and state.recipe.image_prompt is not None,
        "clear_marks": marked,
        "work_on_whole": document is not None and document.area != document.whole,
        "reset_structure": document is not None and document.history is not None,
        "add_version": ready and bool(versions),
        "ask_for_name": bool(versions),
        "delete_version": len(versions) > 1,
        "next_version": len(versions) > 1,
        "previous_version": len(versions) > 1,
        "compare": is_open,
        "show_before": is_open,
        "show_mask": is_open,
        **dict.fromkeys(_LOOKING, is_open),
    }
    return {name: name in _LOOKING for name in possible} if opening else possible
