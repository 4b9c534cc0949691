"""nti-desktop models teach: teach a model a word by a few photos."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from nti_desktop.cli.models import listed_model
from nti_desktop.cli.terminal import announce, tell, watcher
from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken
from nti_desktop.core.units import duration
from nti_desktop.editing.teaching import (
    FEWEST,
    MOST,
    Lesson,
    check_lesson,
    keep_lesson,
    measure_lesson,
    seconds_of,
    teach_job,
    usual_sentence,
)
from nti_desktop.models.library.catalog import find_model
from nti_desktop.models.library.teaching import word_file


def add_options(parser: ArgumentParser) -> None:
    """Add what teaching asks for."""
    parser.add_argument("model", metavar="MODEL", help="its id, name or path")
    parser.add_argument("name", metavar="NAME", help="what the thing is to be called, for example “my mug”")
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help=f"of the thing, {FEWEST} to {MOST}")
    parser.add_argument("--as", dest="kind", required=True, metavar="KIND", help="what it is, for example mug")
    parser.add_argument(
        "--describe",
        action="append",
        default=[],
        metavar="TEXT",
        help="what a photo shows, with the name in it; once for each photo, in their order; default: “a photo of NAME”",
    )
    parser.set_defaults(run=run)


def run(options: Namespace, cancel: CancelToken) -> int:
    """Learn a word and give it to the model."""
    model = listed_model(options.model)
    photos, said = options.photos, options.describe or [usual_sentence(options.name)] * len(options.photos)
    if len(said) != len(photos):
        raise ModelError(f"There are {len(photos)} photos and {len(said)} descriptions; give one for each, or none.")
    lesson = Lesson(model, find_model(str(model)), options.name, options.kind, tuple(zip(photos, said, strict=True)))
    check_lesson(lesson)
    job = teach_job(lesson, cancel)
    from nti_desktop.engine.service import EngineService  # torch

    service, report = EngineService(options.device), watcher()
    measured = service.measure(measure_lesson(lesson.entry, photos[0]), report, cancel)
    announce(f"Learning “{job.word}” takes {duration(seconds_of(measured.speeds.rates))} here.")
    taught = service.teach(job, report, cancel)
    sentence = keep_lesson(lesson, job, taught)
    tell(
        [sentence, f"{taught.figures.seconds:.1f} s, {taught.figures.unet_rows} UNet rows, {measured.device}."],
        {
            "model": str(model),
            "word": job.word,
            "file": str(word_file(lesson.entry, job.word)),
            "seconds": taught.figures.seconds,
            "unet_rows": taught.figures.unet_rows,
            "device": measured.device,
            "sentence": sentence,
        },
        options.json,
    )
    return 0
