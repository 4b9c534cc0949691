"""nti-desktop models teach: a word is learned, given to the model, edited with, and taken away again."""

from pathlib import Path

import pytest

from nti_desktop.core.progress import CancelToken
from nti_desktop.engine import teaching
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.places import read_places
from nti_desktop.recipe.parameters import WEIGHT
from nti_desktop.recipe.teaching import Taught, TeachJob
from tests.cli.conftest import Terminal
from tests.editing.test_teaching import write_photos

TEACH = ("models", "teach", "studio", "my mug")


@pytest.mark.slow
def test_a_word_is_taught_used_in_an_edit_and_taken_away(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "STEPS", 3)
    photos = write_photos(tmp_path)
    answer = terminal.answer(*TEACH, *photos, "--as", "mug")
    file = Path(answer["file"])
    assert (answer["word"], answer["model"], file.is_file()) == ("my_mug", "studio", True)
    given = terminal.answer("models", "extend", "studio")["additions"]
    assert [each["word"] for each in given] == ["my_mug"]
    assert "Given embedding, “my_mug” in a sentence: “my_mug.safetensors”." in terminal.run("models", "list")[1]
    photo = photos[0]
    assert terminal.run("invert", photo, "--prompt", "a photo of a red ball on sand", "--steps", 2)[0] == 0
    wish = ("--to", "a photo of my_mug on sand", WEIGHT.flag, "my_mug=1.5", "--blend", "my_mug", "--name", "Mine")
    code, _, err = terminal.run("edit", photo, *wish)
    assert (code, "my_mug" in err) == (0, False), err
    terminal.run("models", "extend", "studio", file, "--remove")
    assert built_in().additions == ()
    assert file.is_file()


@pytest.mark.slow
def test_a_learning_that_was_stopped_goes_on_with_the_same_command(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "STEPS", 4)
    monkeypatch.setattr(teaching, "KEPT_EVERY", 0.0)
    photos, teach, begun = write_photos(tmp_path), EngineService.teach, list[int]()

    def stopped(service: EngineService, job: TeachJob, report: object, cancel: CancelToken) -> Taught:
        begun.append(int(job.begun[teaching.DONE][0]) if job.begun else 0)
        if len(begun) == 1:
            keep = job.keep
            object.__setattr__(job, "keep", lambda standing: (keep(standing), cancel.cancel()))
        return teach(service, job, cancel=cancel)

    monkeypatch.setattr(EngineService, "teach", stopped)
    said = terminal.refusal(*TEACH, *photos, "--as", "mug", code=1)
    assert said == "Stopped; what was made is kept, and the same command goes on.\n"
    assert read_places().additions == ()
    assert terminal.run(*TEACH, *photos, "--as", "mug")[0] == 0
    assert begun == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("studio", "my mug", "{0}", "{1}", "--as", "mug"), "from 3 to 20 photos"),
        (("studio", "my mug", "{0}", "{1}", "gone.jpg", "--as", "mug"), "gone.jpg"),
        (("studio", "mug", "{0}", "{1}", "{2}", "--as", "mug"), "means something to"),
        (("studio", "<my mug>", "{0}", "{1}", "{2}", "--as", "mug"), "would split the word"),
        (("studio", "", "{0}", "{1}", "{2}", "--as", "mug"), "has no name"),
        (("studio", "my mug", "{0}", "{1}", "{2}", "--as", "dragon"), "does not know “dragon”"),
        (("studio", "my mug", "{0}", "{1}", "{2}", "--as", "mug", "--describe", "my mug"), "3 photos and 1 desc"),
        (("nowhere", "my mug", "{0}", "{1}", "{2}", "--as", "mug"), "There is no model “nowhere”"),
    ],
)
def test_what_cannot_be_taught_is_refused_in_one_sentence(
    terminal: Terminal, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    photos = write_photos(tmp_path)
    given = [argument.format(*photos) for argument in arguments]
    assert said in terminal.refusal("models", "teach", *given, code=1)
    assert read_places().additions == ()
