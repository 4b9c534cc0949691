"""Jobs for the engine: what they say, where what they need is read, and what is refused."""

import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nti_desktop.core.aside import run_aside
from nti_desktop.core.errors import ModelError, PhotoError, RecipeError, SidecarError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.engine_jobs import invert_job, measure_job, render_job
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import built_in
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.photo.frame import Area, Frame, frame_image
from nti_desktop.photo.raster import Raster
from nti_desktop.project.sidecar import Stored, read_sidecar, write_sidecar
from nti_desktop.recipe.jobs import Arrays, seen_of
from nti_desktop.recipe.settings import InversionSettings
from tests.sessions import BLUE, GREEN, inverted, with_a_version


@pytest.mark.parametrize(("seen", "side"), [(1, 2), (8, 8), (8, 1)])
def test_a_preparation_larger_than_the_model_works_at_is_not_rendered(photo: Path, seen: int, side: int) -> None:
    """Whatever a file says, a model is put to work at its own size. seen, side: times what is right."""
    session = Session.open(photo)
    entry = built_in()
    made = inverted(session)
    frame = session.frame_for(entry)
    large = {"pivot": np.zeros((6, 4, frame.model_height // 8 * side, frame.model_width // 8 * side), np.float32)}
    record = session.keep_inversion(entry, fingerprint(entry), replace(made, arrays=large))
    frames = session.project.frames
    claimed = frames[0].model_copy(
        update={"model_width": frames[0].model_width * seen, "model_height": frames[0].model_height * seen}
    )
    session.working_copy.change(frames=(claimed,))
    job = render_job(session, BLUE, record.id)
    with pytest.raises(SidecarError, match="prepare the photo again"):
        job.arrays["pivot"]


def test_what_a_project_keeps_is_read_where_it_is_rendered(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The window asks for renders, and its thread must not wait for a file."""
    session = with_a_version(photo)
    session.save()
    again = Session.open(photo)
    readers: list[str] = []
    read = Stored.arrays

    def noted(stored: Stored, inversion_id: str) -> Arrays:
        readers.append(threading.current_thread().name)
        return read(stored, inversion_id)

    monkeypatch.setattr(Stored, "arrays", noted)
    jobs = [render_job(again, BLUE), render_job(again, GREEN)]
    assert not readers
    same = run_aside(lambda: jobs[0].arrays["pivot"] is jobs[1].arrays["pivot"], CancelToken())
    assert same
    assert readers == ["aside"]


def test_a_photo_is_shrunk_for_the_model_where_the_job_is_done_and_once(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of a large photo takes a second, for which the window must not stand still."""
    session = Session.open(photo)
    entry = built_in()
    makers: list[str] = []

    def noted(raster: Raster, frame: Frame) -> NDArray[np.uint8]:
        makers.append(threading.current_thread().name)
        return frame_image(raster, frame)

    monkeypatch.setattr("nti_desktop.editing.session.frame_image", noted)
    jobs = [measure_job(session, entry), invert_job(session, entry, InversionSettings("a red ball"))]
    assert not makers
    first, second = (run_aside(partial(seen_of, job.image), CancelToken()) for job in jobs)
    assert first is second
    assert makers == ["aside"]
    with pytest.raises(PhotoError, match="does not lie within"):
        measure_job(session, entry, Area(0, 0, 10**6, 10**6))


def test_a_render_without_an_inversion_says_what_to_do(photo: Path) -> None:
    with pytest.raises(RecipeError, match="prepare it first"):
        render_job(Session.open(photo), BLUE)


def test_an_inversion_of_a_changed_model_is_not_used(photo: Path) -> None:
    session = with_a_version(photo)
    stored = read_sidecar(session.sidecar)
    other = stored.project.inversions[0].model_copy(update={"model_fingerprint": "0" * 64})
    project = stored.project.model_copy(update={"inversions": (other,)})
    write_sidecar(session.sidecar, project, {}, {}, stored.signature)
    with pytest.raises(ModelError, match="has changed"):
        render_job(Session.open(photo), BLUE)
