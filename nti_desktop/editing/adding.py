"""Adding a model that lies elsewhere: it is checked, where need be asked, and listed."""

from collections.abc import Callable
from pathlib import Path

from nti_desktop.core.errors import Cancelled, NtiError
from nti_desktop.core.progress import CancelToken, Report
from nti_desktop.editing.engine_jobs import measure_job
from nti_desktop.editing.session import Session
from nti_desktop.models.library.answers import ANSWERS, answer_of, keep_answer
from nti_desktop.models.library.catalog import ModelEntry, model_at
from nti_desktop.models.library.places import change_places
from nti_desktop.models.library.samples import samples
from nti_desktop.models.library.scan import is_a_place, models_below

Ask = Callable[[ModelEntry], str | None]


def asking(report: Report, cancel: CancelToken) -> Ask:
    """Ask models what they predict, by their own answers about a sample, on the processor."""

    def ask(entry: ModelEntry) -> str | None:
        from nti_desktop.engine.service import EngineService  # torch

        sample = samples()[0]
        job = measure_job(Session.open(sample.path), entry)
        return EngineService("cpu").ask_prediction(job, sample.caption, report, cancel)[1]

    return ask


def add_model(path: Path, autoencoder: Path | None, ask: Ask) -> str:
    """List a model that lies elsewhere, and is used where it is, or all models in a folder; the sentence says so.

    path, autoencoder: absolute; autoencoder: file or folder of one to use in place of the model's own; ask: what a
    model predicts by its answers, None where they say nothing. It is asked once, where nothing else tells; what keeps
    it from answering only leaves the guess. Raises ModelError in one sentence, Cancelled, and nothing has changed.
    """
    if autoencoder is None and is_a_place(path):
        change_places(lambda now: now.with_added(path))
        return f"The models in “{path}” are listed, {len(models_below(path))} by now, and used where they are."
    entry = model_at(path, autoencoder)
    if entry.prediction_guessed and answer_of(path) is None:
        try:
            answer = ask(entry)
        except Cancelled:
            raise
        except NtiError:
            answer = None
        if answer in ANSWERS:
            keep_answer(path, answer)
    change_places(lambda now: now.with_added(path, autoencoder))
    paired = "" if autoencoder is None else f", with the autoencoder “{autoencoder}”"
    return f"“{entry.name}” is listed, and used where it is, in “{path.parent}”{paired}."
