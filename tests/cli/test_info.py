"""What the command line tells of a photo and its project."""

from pathlib import Path

from tests.cli.conftest import SAMPLE, Terminal, sidecar_of


def test_info_of_a_renamed_photo_says_the_name_that_was_asked_for(inverted: Path, terminal: Terminal) -> None:
    sidecar = sidecar_of(inverted)
    renamed = inverted.rename(inverted.with_name("Wedding.png"))
    code, said, _ = terminal.run("info", renamed)
    assert code == 0
    assert said.startswith("Wedding.png: ")
    assert f"Project: {sidecar}" in said


def test_info_tells_of_photo_and_project_alike(inverted: Path, terminal: Terminal) -> None:
    by_photo, by_project = terminal.answer("info", inverted), terminal.answer("info", sidecar_of(inverted))
    assert by_photo == by_project
    assert by_photo["inversions"][0]["settings"]["prompt"] == SAMPLE.caption
    code, out, _ = terminal.run("info", inverted)
    assert code == 0
    assert SAMPLE.caption in out


def test_info_says_how_strong_a_version_is_and_which_words_count_otherwise(inverted: Path, terminal: Terminal) -> None:
    word = SAMPLE.edits[0].split()[4]
    terminal.answer("edit", inverted, "--to", SAMPLE.edits[0], "--strength", 0.5, "--weight", f"{word}=1.5")
    _, out, _ = terminal.run("info", inverted)
    assert f"“{SAMPLE.edits[0]}”, {word} 1.5, strength 50%, " in out
