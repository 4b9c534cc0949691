"""The open edit in two windows: each undoes what it knows, and takes in what the other saved."""

import random
from pathlib import Path

import pytest

from nti_desktop.editing.document import AreaInversion, Document
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in
from nti_desktop.project.schema import Project
from nti_desktop.project.sidecar import read_sidecar
from tests.sessions import BLUE, GREEN, SOURCE, inverted


def documents(photo: Path, number: int, clock: list[float]) -> list[Document]:
    """The same photo, prepared and saved, open so many times."""
    first = Document(Session.open(photo), STUDIO_DEFAULTS)
    first.describe(SOURCE)
    first.say_in_words(BLUE.prompt)
    first.prepared(built_in(), [AreaInversion(first.whole, "0" * 64, inverted(first.session))])
    first.session.save()
    return [Document(Session.open(photo), STUDIO_DEFAULTS, lambda: clock[0]) for _ in range(number)]


def save(document: Document) -> None:
    """As a window does it."""
    before = document.session.project
    if document.session.save() or document.session.project is not before:
        document.take_in(before)


def test_an_edit_made_elsewhere_can_be_undone_here(photo: Path) -> None:
    mine, theirs = documents(photo, 2, [0.0])
    theirs.say_in_words(GREEN.prompt)
    save(theirs)
    mine.copy_version()
    mine.go_to(mine.session.project.versions[0].id)
    save(mine)
    assert mine.edit_text == GREEN.prompt
    assert mine.undo()
    assert mine.edit_text == BLUE.prompt
    assert mine.redo()
    assert mine.edit_text == GREEN.prompt


def test_a_version_deleted_elsewhere_gives_way_to_another(photo: Path) -> None:
    mine, theirs = documents(photo, 2, [0.0])
    theirs.copy_version()
    save(theirs)
    mine.copy_version()
    save(mine)
    shown = mine.version_id
    save(theirs)
    theirs.copy_version()
    save(theirs)  # it knows of mine now
    theirs.go_to(shown)
    theirs.delete_version()
    save(theirs)
    mine.rename_version(mine.session.project.versions[0].id, "Bold")
    save(mine)
    assert mine.version is not None
    assert mine.version_id != shown
    assert mine.state is not None


@pytest.mark.parametrize("seed", range(6))
def test_in_any_order_nothing_is_lost_and_all_can_be_undone(photo: Path, seed: int) -> None:
    chance, clock = random.Random(seed), [0.0]
    both = documents(photo, 2, clock)
    colours = ["blue", "green", "black", "white", "yellow", "orange"]
    known = {id(document): stored(document) for document in both}
    for _ in range(120):
        clock[0] += 10
        document = chance.choice(both)
        ids = [version.id for version in document.session.project.versions]
        match chance.randrange(8):
            case 0 | 1:
                document.say_in_words(f"a {chance.choice(colours)} ball on a table")
            case 2:
                document.copy_version()
            case 3 if len(ids) > 1:
                document.delete_version()
            case 4:
                document.rename_version(chance.choice(ids), f"Name {chance.randrange(100)}")
            case 5:
                document.go_to(chance.choice(ids))
            case 6:
                document.undo() if chance.random() < 0.7 else document.redo()
            case 7 if document.session.working_copy.dirty:
                before = document.session.project
                disk = stored(document)
                save(document)
                assert not document.session.working_copy.dirty
                there = stored(document)
                assert said(there) == said(document.session.project)
                assert said(before) - said(document.session.project) <= said(known[id(document)]), "one of mine is lost"
                assert said(disk) - said(there) <= said(known[id(document)]), "one of theirs is lost"
                known[id(document)] = there
        assert document.version is not None
        assert document.state is not None
        assert document.state.recipe.prompt == document.version.recipe.prompt
    for document in both:
        while document.undo():
            assert document.state is not None
        while document.redo():
            assert document.state is not None
        save(document)


def said(project: Project) -> set[tuple[str, str]]:
    """What its versions are called and what they ask for, whoever changed them."""
    return {(v.name.replace(" (changed elsewhere)", ""), v.recipe.prompt) for v in project.versions}


def stored(document: Document) -> Project:
    return read_sidecar(document.session.sidecar).project
