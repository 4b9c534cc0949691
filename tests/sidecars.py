"""Small projects to store, and whole sidecars to compare."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from nti_desktop.project.recipe_record import RecipeRecord
from nti_desktop.project.schema import (
    SCHEMA_VERSION,
    FiguresRecord,
    FinishRecord,
    FrameRecord,
    InversionRecord,
    PhotoRecord,
    Project,
    SettingsRecord,
    VersionRecord,
)
from nti_desktop.project.sidecar import Signature, read_sidecar, write_sidecar
from nti_desktop.recipe.jobs import Arrays
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.recipe import Blend, EditRecipe, Side, WordControl, WordRef
from nti_desktop.recipe.settings import InversionSettings

STEPS = 5
SOURCE = "a red ball on a table"
WEBP = b"RIFF\x04\x00\x00\x00WEBP"


def make_arrays(seed: int, null_text: bool, side: int = 8) -> Arrays:
    """Random arrays as an inversion of `make_project` has them; latents (4, side, 3 * side / 2)."""
    random = np.random.default_rng(seed)
    pivot = random.standard_normal((STEPS + 1, 4, side, side * 3 // 2), np.float32)
    pivot[0, 0, 0, :2] = -0.0, np.float32(1e-42)
    learned = {"null_embeddings": random.standard_normal((STEPS, 7, 16), np.float32)} if null_text else {}
    return {"pivot": pivot, **learned}


def make_inversion(name: str, method: Method) -> InversionRecord:
    return InversionRecord(
        id=name,
        frame="whole",
        model="studio",
        model_fingerprint="0" * 63 + "f",
        settings=SettingsRecord.of(InversionSettings(SOURCE, method, STEPS, 2.0)),
        figures=FiguresRecord(seconds=1.25, unet_rows=150, reconstruction_psnr=31.5, inner_steps=None),
    )


def make_version(name: str, inversion: str, prompt: str = "a blue ball on a table") -> VersionRecord:
    recipe = EditRecipe(
        prompt,
        words=(WordControl(1, prompt.split()[1], -0.1, 0.3),),
        cross_until=0.1,
        blend=Blend((WordRef(Side.SOURCE, 2, "ball"),), (WordRef(Side.EDIT, 5, "table"),)),
        guidance_scale=3.0,
    )
    return VersionRecord(
        id=name,
        name="Blue, “really” 藍",
        recipe=RecipeRecord.of(recipe),
        finish=FinishRecord(feather=0.05),
        inversion=inversion,
        made_from=None,
        time=datetime(2026, 3, 1, 12, 30, 15, 123456, UTC),
    )


def make_project(versions: int = 2) -> Project:
    """One frame, two inversions (null-text “one”, residual “two”) and some versions (“v0”, “v1”, ...)."""
    return Project(
        schema_version=SCHEMA_VERSION,
        program="nti-desktop 0.1.0",
        photo=PhotoRecord(name="IMG 0042.JPG", width=3000, height=2000, identity="a1" * 32, orientation=6),
        frames=(FrameRecord(id="whole", x=0, y=0, width=3000, height=2000, model_width=192, model_height=128),),
        inversions=(make_inversion("one", Method.NULL_TEXT), make_inversion("two", Method.RESIDUAL)),
        versions=tuple(make_version(f"v{i}", "two") for i in range(versions)),
        current="v0" if versions else None,
    )


def make_all_arrays(seed: int = 0, side: int = 8) -> dict[str, Arrays]:
    return {"one": make_arrays(seed, True, side), "two": make_arrays(seed + 1, False, side)}


Whole = tuple[str, tuple[tuple[str, bytes, tuple[tuple[str, bytes], ...]], ...], tuple[tuple[str, bytes | None], ...]]


def save(path: Path, project: Project, expected: Signature | None = None) -> Signature:
    """Write a project of `make_project` with its arrays and one preview."""
    return write_sidecar(path, project, make_all_arrays(), {"v0": WEBP}, expected)


def read_whole(path: Path) -> Whole:
    """All that a sidecar says, in a form that compares bit for bit."""
    stored = read_sidecar(path)
    project = stored.project
    arrays = {i.id: stored.arrays(i.id) for i in project.inversions}
    return (
        project.model_dump_json(),
        tuple(
            (name, a["pivot"].tobytes(), tuple((one, array.tobytes()) for one, array in a.items() if one != "pivot"))
            for name, a in arrays.items()
        ),
        tuple((v.id, stored.preview(v.id)) for v in project.versions),
    )
