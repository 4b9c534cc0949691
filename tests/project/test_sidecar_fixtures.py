"""Sidecars that earlier programs left: each opens for ever, shows all it held, and is saved again without a loss."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nti_desktop.core.resources import resource
from nti_desktop.core.units import decibels
from nti_desktop.editing.composition import RenderedPart
from nti_desktop.editing.engine_jobs import render_job
from nti_desktop.editing.previews import SIDE
from nti_desktop.editing.session import Session
from nti_desktop.engine.service import EngineService
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS
from nti_desktop.models.library.lookup import ModelGone
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.shrinking import small_copy
from nti_desktop.recipe.structure import recipe_for
from tests.shown import shown, unknown_fields

FOLDER = Path(__file__).parents[1] / "data" / "sidecars"
CHANGED = "The model “Studio (built in)” has changed since this photo was prepared"
APART = 1.0  # dB by which the photo itself must miss what a version has to reach


@dataclass(frozen=True)
class Kept:
    """A photo with the sidecar that an earlier program left beside it. expected: what must be seen, see the README."""

    photo: Path
    expected: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.photo.parent.name}/{self.photo.name}"

    @property
    def shown(self) -> dict[str, Any]:
        what: dict[str, Any] = self.expected["shown"]
        return what

    @property
    def versions(self) -> list[str]:
        return [version["name"] for version in self.shown["versions"]]

    def copied(self, folder: Path) -> Path:
        """The photo, in this folder with its sidecar."""
        for path in (self.photo, sidecar_of(self.photo)):
            shutil.copy2(path, folder)
        return folder / self.photo.name

    def is_of_the_models_of_today(self) -> bool:
        """Whether the built-in model has the very weights that the sidecars of this format were made with."""
        weights = json.loads((self.photo.parent / "made_with.json").read_text())["weights"]
        studio = resource("models", "studio")
        return all(hashlib.sha256((studio / name).read_bytes()).hexdigest() == sha for name, sha in weights.items())


def sidecar_of(photo: Path) -> Path:
    return photo.with_name(photo.name + ".nti")


def read_kept(path: Path) -> Kept:
    expected = json.loads(path.read_text(encoding="utf-8"))
    return Kept(path.with_name(expected["photo"]), expected)


KEPT = {kept.name: kept for kept in map(read_kept, sorted(FOLDER.glob("v*/*.expected.json")))}
AT_ONCE = ("residual", "null-text-quick", "null-text-reference", "negative-prompt", "pinned")  # rendered by each run

every_one = pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
with_versions = pytest.mark.parametrize("kept", [pytest.param(k, id=n) for n, k in KEPT.items() if k.versions])


def test_nothing_that_was_left_is_forgotten() -> None:
    left = sorted(path.relative_to(FOLDER) for path in FOLDER.glob("*/*.nti"))
    assert left == sorted(sidecar_of(kept.photo).relative_to(FOLDER) for kept in KEPT.values())
    assert sum(kept.photo.parent.name == "v1" for kept in KEPT.values()) == 19
    prepared = [each for kept in KEPT.values() for each in kept.shown["preparations"]]
    assert {(each["method"], each["schedule"]) for each in prepared} >= {
        ("residual", "quick"),
        ("null-text", "quick"),
        ("null-text", "reference"),
        ("negative-prompt", "quick"),
        ("pinned", "quick"),
    }


@every_one
def test_all_that_it_held_is_shown(kept: Kept, tmp_path: Path) -> None:
    session = Session.open(kept.copied(tmp_path))
    assert shown(session) == kept.shown
    for version, expected in zip(session.project.versions, kept.shown["versions"], strict=True):
        session.select_version(version.id)
        now, edits = shown(session), expected["edits"]
        assert now["current"] == expected["name"]
        assert (now["description"], now["edit"]) == (edits[0]["description"], edits[0]["sentence"])
        assert now["area"] == edits[0]["area"]
        assert now["edited_areas"] == [edit["area"] for edit in edits]


@every_one
def test_opening_and_looking_writes_nothing(kept: Kept, tmp_path: Path) -> None:
    photo = kept.copied(tmp_path)
    before = everything_in(tmp_path)
    for path in (photo, sidecar_of(photo)):
        session = Session.open(path)
        assert shown(session) == kept.shown
        for version in session.project.versions:
            session.select_version(version.id)
            shown(session)
    assert everything_in(tmp_path) == before


def everything_in(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


@with_versions
def test_a_renamed_version_is_all_that_changes(kept: Kept, tmp_path: Path) -> None:
    photo = kept.copied(tmp_path)
    session = Session.open(photo)
    pictures, lies_as_stored = previews(session), session.working_copy.turn == 1
    first = session.project.versions[0]
    session.change_version(first.id, name="Another name")
    session.save()

    again = Session.open(photo)
    assert shown(again) == with_another_name(kept, first.name, "Another name")
    assert [version.id for version in again.project.versions] == [version.id for version in session.project.versions]
    for before, after in zip(pictures, previews(again), strict=True):
        if lies_as_stored:
            np.testing.assert_array_equal(before, after)
        else:  # what is turned is packed once more, with what that loses
            assert np.abs(before.astype(int) - after).mean() < 2


def previews(session: Session) -> list[Any]:
    return [session.working_copy.preview(version.id) for version in session.project.versions]


def with_another_name(kept: Kept, name: str, other: str) -> dict[str, Any]:
    """What is shown after a version was renamed and the project saved."""

    def renamed(said: str | None) -> str | None:
        return other if said == name else said

    return kept.shown | {
        "notes": [note for note in kept.shown["notes"] if note not in kept.expected["told_once"]],
        "current": renamed(kept.shown["current"]),
        "versions": [
            version | {"name": renamed(version["name"]), "made_from": renamed(version["made_from"])}
            for version in kept.shown["versions"]
        ],
    }


@pytest.mark.parametrize("kept", [pytest.param(k, id=n) for n, k in KEPT.items() if k.expected["unknown"]])
def test_what_a_program_does_not_know_survives(kept: Kept, tmp_path: Path) -> None:
    photo = kept.copied(tmp_path)
    session = Session.open(photo)
    assert unknown_fields(session.project) == kept.expected["unknown"]
    session.change_version(session.project.versions[0].id, name="Another name")
    session.save()
    assert unknown_fields(Session.open(photo).project) == kept.expected["unknown"]
    with zipfile.ZipFile(sidecar_of(photo)) as archive:
        assert {name: archive.read(name).decode() for name in kept.expected["parts"]} == kept.expected["parts"]


def test_a_project_without_versions_gets_its_first_one(tmp_path: Path) -> None:
    kept = KEPT["v1/prepared-only.jpg"]
    photo = kept.copied(tmp_path)
    session = Session.open(photo)
    inversion = session.inversion()
    assert inversion is not None
    session.add_version("First", recipe_for("a blue ring", inversion.settings.settings(), STUDIO_DEFAULTS))
    session.save()
    now = shown(Session.open(photo))
    assert now["preparations"] == kept.shown["preparations"]
    assert [version["name"] for version in now["versions"]] == ["First"]
    assert now["description"] == inversion.settings.prompt == kept.shown["preparations"][-1]["description"]


def test_a_project_without_a_preparation_follows_its_photo_to_another_name(tmp_path: Path) -> None:
    kept = KEPT["v1/unprepared.jpg"]
    photo = kept.copied(tmp_path)
    session = Session.open(photo)
    renamed = photo.rename(tmp_path / "another name.jpg")
    session.move_to(renamed, sidecar_of(renamed))
    session.save()
    again = Session.open(sidecar_of(renamed))
    assert (again.photo.path, again.project.photo.name) == (renamed, "another name.jpg")
    assert shown(again) == kept.shown


@pytest.mark.parametrize("kept", [pytest.param(k, id=n) for n, k in KEPT.items() if k.expected["missing_model"]])
def test_without_its_model_a_version_is_not_rendered_and_that_is_said(kept: Kept, tmp_path: Path) -> None:
    session = Session.open(kept.copied(tmp_path))
    assert all(picture is not None for picture in previews(session))
    for version in session.project.versions:
        for part in version.parts:
            with pytest.raises(ModelGone) as gone:
                render_job(session, part.recipe.recipe(), part.inversion)
            name = kept.expected["missing_model"]
            assert gone.value.what == f"The model “{name}” that this photo was prepared with is not on this computer"


@pytest.fixture(scope="module")
def service() -> EngineService:
    return EngineService("cpu")


@pytest.mark.slow
@pytest.mark.parametrize("name", AT_ONCE)
def test_a_version_is_rendered_as_it_looked(name: str, service: EngineService, tmp_path: Path) -> None:
    kept = KEPT[f"v1/{name}.jpg"]
    assert_looks_as_it_did(kept, list(kept.expected["rendered"])[:1], service, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kept", [pytest.param(k, id=n) for n, k in KEPT.items() if k.expected["rendered"]])
def test_every_version_is_rendered_as_it_looked(kept: Kept, service: EngineService, tmp_path: Path) -> None:
    assert_looks_as_it_did(kept, list(kept.expected["rendered"]), service, tmp_path)


def assert_looks_as_it_did(kept: Kept, names: Sequence[str], service: EngineService, folder: Path) -> None:
    """Render versions and compare them with their previews; skips where the program has other weights by now.

    Whether it has is told by the bytes of the weights, and not by what is being tested.
    """
    session = Session.open(kept.copied(folder))
    if not kept.is_of_the_models_of_today():
        for record in session.project.inversions:
            with pytest.raises(ModelGone) as gone:
                session.model_of(record)
            assert gone.value.what == CHANGED
        pytest.skip(f"{kept.name} was made with other weights of the built-in model than it has now")
    photo = small_copy(session.composition.finished(()), SIDE) / 255
    assert names
    for version in (version for version in session.project.versions if version.name in names):
        picture = rendered(session, version.id, service)
        preview = session.working_copy.preview(version.id)
        assert preview is not None
        at_least = kept.expected["rendered"][version.name]["at_least"]
        assert decibels(photo, preview / 255) < at_least - APART, version.name
        assert decibels(picture, preview / 255) >= at_least, version.name


def rendered(session: Session, version_id: str, service: EngineService) -> Any:
    """(h, w, 3) in [0, 1]: a version as an export of it looks."""
    parts = [
        RenderedPart(
            service.render(render_job(session, part.recipe.recipe(), part.inversion)),
            Finish(part.finish.feather),
            part.inversion,
        )
        for part in session.project.version(version_id).parts
    ]
    return small_copy(session.composition.finished(parts), SIDE) / 255
