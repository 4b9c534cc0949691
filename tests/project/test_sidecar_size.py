"""How much a project takes on the disk."""

from pathlib import Path

import numpy as np

from nti_desktop.project.schema import SettingsRecord
from nti_desktop.project.sidecar import read_sidecar, write_sidecar
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import InversionSettings
from tests.sidecars import SOURCE, make_inversion, make_project, make_version


def test_null_text_on_a_stable_diffusion_model_stays_under_eight_megabytes(tmp_path: Path) -> None:
    """512x512, 50 steps, every step with an embedding of its own."""
    path = tmp_path / "IMG 0042.JPG.nti"
    random = np.random.default_rng(0)
    pivot, nulls = (
        random.standard_normal(shape).astype(np.float16).astype(np.float32)
        for shape in ((51, 4, 64, 64), (50, 77, 768))
    )
    project = make_project(versions=1)
    frame = project.frames[0].model_copy(update={"model_width": 512, "model_height": 512})
    settings = SettingsRecord.of(InversionSettings(SOURCE, Method.NULL_TEXT, 50))
    inversion = make_inversion("one", Method.NULL_TEXT).model_copy(update={"settings": settings})
    version = make_version("v0", "one")
    project = project.model_copy(update={"frames": (frame,), "inversions": (inversion,), "versions": (version,)})
    write_sidecar(path, project, {"one": {"pivot": pivot, "null_embeddings": nulls}}, {}, None)
    assert path.stat().st_size <= 8e6
    read = read_sidecar(path).arrays("one")
    assert read["pivot"].dtype == read["null_embeddings"].dtype == np.float32
    assert np.array_equal(read["pivot"], pivot)  # so an edit from the file is the edit before saving, bit for bit
    assert np.array_equal(read["null_embeddings"], nulls)
