"""What an open project shows, in words of its own: they stay as they are when records and formats change.

The expectations beside the sidecars in `tests/data/sidecars` are written in these words.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from nti_desktop.editing.document import Document
from nti_desktop.editing.session import Session
from nti_desktop.models.library.catalog import STUDIO_DEFAULTS
from nti_desktop.photo.frame import Area
from nti_desktop.photo.reading.raw import NEUTRAL_NOTE
from nti_desktop.project.fields import Record
from nti_desktop.project.schema import InversionRecord, PartRecord, Project, VersionRecord
from nti_desktop.recipe.jobs import Arrays
from nti_desktop.recipe.recipe import Blend, WordRef

Said = dict[str, Any]

_NOTES = {
    NEUTRAL_NOTE: "developed neutrally",
    "Another program has turned this photo; its edits have been turned with it.": "turned by another program",
    "This raw file was developed a little differently when its edits were made, by another version of the library.": (
        "developed by another library"
    ),
}


def shown(session: Session) -> Said:
    """All that is said of the photo, its preparations and its versions; no field of a record is left out."""
    work, project = Document(session, STUDIO_DEFAULTS), session.project
    return {
        "size": list(session.photo.raster.size),
        "notes": [_NOTES.get(note, note) for note in session.notes],
        "read_only": session.read_only,
        "current": None if work.version is None else work.version.name,
        "description": work.description,
        "edit": work.edit_text,
        "area": _sides(work.area),
        "areas": [_sides(area) for area in work.areas],
        "edited_areas": [_sides(area) for area in work.edited_areas],
        "preparations": [
            {
                **_preparation(session, record),
                "psnr": None if (psnr := record.figures.reconstruction_psnr) is None else round(psnr, 6),
                "inner_steps": record.figures.inner_steps,
                "arrays": _digest(session.working_copy.arrays(record.id)),
            }
            for record in project.inversions
        ],
        "versions": [_version(session, version) for version in project.versions],
    }


def unknown_fields(project: Project) -> Said:
    """The fields without a meaning to this program, of the first record of each kind."""
    version, preparation = project.versions[0], project.inversions[0]
    recipe = version.recipe
    assert recipe.blend is not None
    records: Mapping[str, Record] = {
        "project": project,
        "photo": project.photo,
        "frame": project.frames[0],
        "preparation": preparation,
        "settings": preparation.settings,
        "figures": preparation.figures,
        "version": version,
        "recipe": recipe,
        "word": recipe.words[0],
        "mask": recipe.blend,
        "mask word": recipe.blend.words[0],
        "finish": version.finish,
        "further edit": version.others[0],
    }
    return {kind: record.model_extra for kind, record in records.items()}


def _preparation(session: Session, record: InversionRecord) -> Said:
    settings = record.settings.settings()
    return {
        "area": _sides(session.frame(record.id).area),
        "description": settings.prompt,
        "method": settings.method.value,
        "schedule": settings.schedule.value,
        "steps": settings.steps,
        "guidance": settings.guidance_scale,
        "model": record.model,
        "made_with": record.model_fingerprint,
    }


def _version(session: Session, version: VersionRecord) -> Said:
    names = {each.id: each.name for each in session.project.versions}
    preview = session.working_copy.preview(version.id)
    return {
        "name": version.name,
        "made_from": None if version.made_from is None else names.get(version.made_from, "(deleted)"),
        "preview": None if preview is None else [preview.shape[1], preview.shape[0]],
        "edits": [_edit(session, part) for part in version.parts],
        "time": version.time.isoformat().replace("+00:00", "Z"),
    }


def _edit(session: Session, part: PartRecord) -> Said:
    recipe = part.recipe.recipe()
    return {
        **_preparation(session, session.project.inversion(part.inversion)),
        "sentence": recipe.prompt,
        "words": [
            {"position": word.position, "word": word.text, "weight": word.weight, "cross_until": word.cross_until}
            for word in recipe.words
        ],
        "cross_until": recipe.cross_until,
        "self_until": recipe.self_until,
        "self_limit": recipe.self_limit,
        "edit_guidance": recipe.guidance_scale,
        "mask": None if recipe.blend is None else _mask(recipe.blend),
        "feather": part.finish.feather,
    }


def _mask(blend: Blend) -> Said:
    return {
        "words": [_word(ref) for ref in blend.words],
        "keep": [_word(ref) for ref in blend.keep],
        "threshold": blend.threshold,
        "start": blend.start,
        "positions": blend.positions,
    }


def _word(ref: WordRef) -> Said:
    return {"side": ref.side.value, "position": ref.position, "word": ref.text}


def _sides(area: Area) -> list[int]:
    return [area.x, area.y, area.width, area.height]


def _digest(arrays: Arrays) -> str:
    """SHA-256 over the pivot and what else was found, as float32."""
    digest = hashlib.sha256(arrays["pivot"].astype("<f4").tobytes())
    if "null_embeddings" in arrays:
        digest.update(arrays["null_embeddings"].astype("<f4").tobytes())
    return digest.hexdigest()
