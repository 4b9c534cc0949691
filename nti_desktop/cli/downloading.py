"""nti-desktop models download: what is offered, the licence, and the way of a model into the store."""

from argparse import Namespace

from nti_desktop.cli.terminal import confirm, note, tell, watcher
from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken
from nti_desktop.models.hub.client import Plan, fetch, plan_download
from nti_desktop.models.hub.offers import offers
from nti_desktop.models.library.catalog import find_model
from nti_desktop.models.library.places import read_places
from nti_desktop.models.library.preview_decoders import find_published
from nti_desktop.models.library.records import gigabytes


def run(options: Namespace, cancel: CancelToken) -> int:
    """Say what a repository on the Hub offers, or fetch a model from it."""
    if options.wanted is None:
        return _offer(options)
    places = read_places()
    if places.fault:
        raise ModelError(places.fault)  # else gigabytes would go where the user did not want them
    plan = plan_download(options.wanted, places.store, cancel)
    if not options.accept_licence:
        _ask(plan, cancel)
    path = fetch(plan, places.store, watcher(), cancel)
    fault, decoder = None, find_published(plan.repository)
    try:
        if decoder is None:
            find_model(str(path))
    except ModelError as error:
        fault = str(error)
    said = f"“{plan.name}” ({gigabytes(plan.size)}) is in “{places.store}”, verified byte for byte."
    tell(
        [said, *([fault] if fault else []), *([f"It {decoder.about}."] if decoder else [])],
        {
            "path": str(path),
            "repository": plan.repository,
            "revision": plan.revision,
            "licence": plan.licence.name,
            "size": plan.size,
            "usable": fault is None,
            "fault": fault,
        },
        options.json,
    )
    return 0 if fault is None else 1


def _offer(options: Namespace) -> int:
    known = offers()
    lines = [
        f"{model.id}: {model.name}, {gigabytes(model.size)}, {model.licence.name}. {model.about}" for model in known
    ]
    tell(
        [*lines, "Fetch one with “nti-desktop models download ID”, or any other by its owner/name on the Hub."],
        {
            "models": [
                {
                    "id": model.id,
                    "name": model.name,
                    "about": model.about,
                    "size": model.size,
                    "licence": model.licence.name,
                    "licence_url": model.licence.url,
                    "repository": model.repository,
                    "revision": model.revision,
                }
                for model in known
            ]
        },
        options.json,
    )
    return 0


def _ask(plan: Plan, cancel: CancelToken) -> None:
    where = plan.licence.url or f"https://huggingface.co/{plan.repository}"
    note([f"“{plan.repository}”, {gigabytes(plan.size)}, is under the licence “{plan.licence.name}”: {where}"])
    if not confirm("Have you read these terms, and do you accept them?", "--accept-licence", cancel):
        raise ModelError("Nothing was downloaded, as its licence was not accepted.")
