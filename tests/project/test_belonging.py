"""Where a project says that its photo lies."""

from pathlib import Path

import pytest

from nti_desktop.core.disk import server_of
from nti_desktop.project.belonging import Belonging, placed
from tests.sidecars import make_project


@pytest.mark.parametrize(
    ("folder", "project", "asks"),
    [
        (r"\\thief\share", r"C:\photos\a.jpg.nti", True),
        ("//thief/share/deeper", r"C:\photos\a.jpg.nti", True),
        (r"\\?\UNC\thief\share", r"C:\photos\a.jpg.nti", True),
        (r"\\thief\share", r"\\nas\photos\a.jpg.nti", True),
        (r"\\nas\photos", r"\\thief\share\a.jpg.nti", True),
        (r"\\NAS\photos\2026", r"\\nas\Photos\a.jpg.nti", False),
        (r"D:\photos", r"C:\photos\a.jpg.nti", False),
        ("/home/user/photos", "/media/card/a.jpg.nti", False),
    ],
)
def test_no_server_is_asked_because_a_project_says_so(folder: str, project: str, asks: bool) -> None:
    assert (server_of(folder) not in ("", server_of(project))) is asks
    said = Belonging(Path(project), make_project().photo.at("a.jpg", folder)).said
    assert (said == Path(folder) / "a.jpg") is not asks


def test_a_photo_beside_its_project_is_said_without_a_folder(tmp_path: Path) -> None:
    photo = make_project().photo
    beside = placed(photo, tmp_path / "a.jpg", tmp_path / "a.jpg.nti")
    assert (beside.name, beside.folder) == ("a.jpg", None)
    elsewhere = placed(photo, tmp_path / "photos" / "a.jpg", tmp_path / "a.jpg.nti")
    assert (elsewhere.name, elsewhere.folder) == ("a.jpg", str(tmp_path / "photos"))
