"""nti-desktop models: which models there are and where; adding, verifying and removing them. Nothing here connects."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from nti_desktop.cli import downloading
from nti_desktop.cli.terminal import confirm, tell, watcher
from nti_desktop.core.errors import ModelError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.adding import add_model, asking
from nti_desktop.models.library.additions import ModelAddition, found_additions
from nti_desktop.models.library.catalog import BUILT_IN, ModelEntry, find_model
from nti_desktop.models.library.checking import verify
from nti_desktop.models.library.extending import extend, reduce
from nti_desktop.models.library.places import Places, move_store, read_places, store_fault
from nti_desktop.models.library.preview_decoders import stored_preview_decoders
from nti_desktop.models.library.programs import Source
from nti_desktop.models.library.records import gigabytes
from nti_desktop.models.library.store import Listed, find_listed, incoming, listed_models, remove, remove_incoming
from nti_desktop.recipe.parameters import ADDITION


def add_commands(command: Callable[[str, str], ArgumentParser]) -> None:
    """command: makes a parser of a name and what it is about."""
    command("list", "Say which models there are, where, and which of them cannot be used.").set_defaults(run=run_list)
    adding = command("add", "List a model that lies elsewhere; it is used where it is.")
    adding.add_argument(
        "path",
        type=Path,
        metavar="PATH",
        help="a folder in the diffusers layout, a .safetensors file, or a folder that holds models",
    )
    adding.add_argument(
        "--vae",
        type=Path,
        metavar="PATH",
        help="a .safetensors file or folder of an autoencoder (VAE) to use in place of the model's own; adding the "
        "model again without it goes back to that",
    )
    adding.set_defaults(run=run_add)
    extending = command(
        "extend", "Give a model a LoRA, an embedding or an IP-Adapter; without a file, say what it is given."
    )
    extending.add_argument("model", metavar="MODEL", help="its name or path")
    extending.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="a .safetensors file; it stays where it is"
    )
    how = extending.add_mutually_exclusive_group()
    how.add_argument(ADDITION.flag, type=float, metavar="W", help=ADDITION.flag_help)
    how.add_argument("--remove", action="store_true", help="use the model without this file from now on")
    extending.set_defaults(run=run_extend)
    fetching = command("download", "Fetch a model from the Hugging Face Hub; without one, say what is offered.")
    fetching.add_argument("wanted", nargs="?", metavar="MODEL", help="an id that is offered, or owner/name on the Hub")
    fetching.add_argument("--accept-licence", action="store_true", help="its terms have been read and are accepted")
    fetching.set_defaults(run=downloading.run)
    verifying = command("verify", "Read a model's files again and compare them with what was published.")
    verifying.add_argument("model", metavar="MODEL", help="its name or path")
    verifying.set_defaults(run=run_verify)
    removing = command("remove", "Delete a downloaded model, or no longer list one that lies elsewhere.")
    removing.add_argument("model", metavar="MODEL", help="its name or path")
    removing.add_argument("--yes", action="store_true", help="do not ask")
    removing.set_defaults(run=run_remove)
    where = command("where", "Say where downloads go, or choose another folder with --set.")
    where.add_argument("--set", type=Path, metavar="FOLDER", help="from now on, here")
    where.set_defaults(run=run_where)


def run_list(options: Namespace, cancel: CancelToken) -> int:
    """Say which models are here, and what is wrong with others."""
    places = read_places()
    listed, broken_off = listed_models(places), incoming(places.store)
    decoders = stored_preview_decoders(places.store)
    notes = _faults(places)
    tell(
        [
            *(_line(model) for model in listed),
            *(f"{decoder.repository} {decoder.about}: {folder}" for decoder, folder in decoders),
            *(
                f"{d.wanted}: {gigabytes(d.size)} of {gigabytes(d.total)} have arrived; go on with “nti-desktop models "
                f"download {d.wanted}”"
                for d in broken_off
            ),
            *notes,
        ],
        {
            "models": [_described(model) for model in listed],
            "preview_decoders": [{"id": decoder.repository, "path": str(folder)} for decoder, folder in decoders],
            "incoming": [{"id": d.wanted, "size": d.size, "total": d.total} for d in broken_off],
            "store": str(places.store),
            "notes": notes,
        },
        options.json,
    )
    return 0


def run_add(options: Namespace, cancel: CancelToken) -> int:
    """Use a model where it lies."""
    path, vae = _absolute(options.path), None if options.vae is None else _absolute(options.vae)
    said = add_model(path, vae, asking(watcher(), cancel))
    tell([said], {"added": str(path), "vae": None if vae is None else str(vae)}, options.json)
    return 0


def run_extend(options: Namespace, cancel: CancelToken) -> int:
    """Add a file to a model, take it away, or say what there is."""
    model = listed_model(options.model)
    if options.file is None:
        return _say_additions(model, options)
    file = _absolute(options.file)
    if options.remove:
        named = (each.file for each in read_places().given(model) if each.file.name == str(options.file))
        said = reduce(model, next(named, file))
    else:
        said = extend(model, file, options.weight)
    tell([said], {"model": str(model), "file": str(file), "sentence": said}, options.json)
    return 0


def _say_additions(model: Path, options: Namespace) -> int:
    if options.remove or options.weight is not None:
        raise ModelError("No file is named; give the one that is meant behind the model.")
    places = read_places()
    entry = find_model(str(model))
    others = [file for file in found_additions(places) if file not in {each.given.file for each in entry.additions}]
    tell(
        [
            *(_addition(each) for each in entry.additions),
            *([] if entry.additions else [f"“{entry.name}” is given nothing."]),
            *(f"Found, and not used: {file}" for file in others),
        ],
        {
            "model": str(model),
            "additions": [_described_addition(each) for each in entry.additions],
            "found": [str(file) for file in others],
        },
        options.json,
    )
    return 0


def _addition(addition: ModelAddition) -> str:
    given = addition.given
    if addition.fault:
        return f"Not usable: {given.file}: {addition.fault}"
    return f"{given.file}: {addition.about}{_weight(addition)}"


def _described_addition(addition: ModelAddition) -> dict[str, object]:
    return {
        "file": str(addition.given.file),
        "about": addition.about,
        "word": addition.addition.word if addition.addition else None,
        "weight": addition.given.weight if addition.has_weight else None,
        "fault": addition.fault,
    }


def listed_model(wanted: str) -> Path:
    """Find the model that people mean, as it is listed; a built-in one by its id."""
    return Path(wanted) if wanted in BUILT_IN else find_listed(wanted, read_places()).path


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(os.path.expanduser(path)))


def run_verify(options: Namespace, cancel: CancelToken) -> int:
    """Compare a downloaded model with its record."""
    path = find_listed(options.model, read_places()).path
    verdict = verify(path, watcher(), cancel)
    tell(
        [verdict.sentence],
        {
            "model": str(path),
            "well": verdict.well,
            "sentence": verdict.sentence,
            "files": [asdict(file) for file in verdict.files],
        },
        options.json,
    )
    return 0 if verdict.well else 1


def run_remove(options: Namespace, cancel: CancelToken) -> int:
    """Delete a model that was downloaded, or forget one that was added."""
    places = read_places()
    begun = next((d for d in incoming(places.store) if d.wanted == options.model), None)
    found = None if begun else find_listed(options.model, places)
    if begun:
        question = f"Delete what has arrived of “{begun.wanted}”?"
    elif found:
        question = f"{'Delete' if found.source is Source.STORE else 'No longer list'} “{found.path}”?"
    if not options.yes and not confirm(question, "--yes", cancel):
        raise ModelError("Nothing was removed.")
    said = remove_incoming(begun) if begun else remove(found, places) if found else ""
    tell([said], {"removed": options.model, "sentence": said}, options.json)
    return 0


def run_where(options: Namespace, cancel: CancelToken) -> int:
    """Say where downloads go, or choose another folder."""
    places = read_places()
    lines = []
    if options.set is not None:
        before, places = places.store, move_store(_absolute(options.set))
        if before != places.store:
            lines.append(f"Models that are in “{before}” stay there; move them yourself to go on using them.")
    notes = _faults(places)
    tell(
        [f"Downloads go to “{places.store}”.", *lines, *notes],
        {"store": str(places.store), "notes": notes},
        options.json,
    )
    return 0


def _faults(places: Places) -> list[str]:
    return [fault for fault in (places.fault, store_fault(places)) if fault]


def _line(model: Listed) -> str:
    if model.entry is None:
        return f"Not usable: {model.path} ({model.source}, {gigabytes(model.size)}): {model.fault}"
    if model.path is None:
        said = f"{model.entry.name}, {model.entry.family}, {model.entry.native_size} pixels, {model.licence}"
        return said + _previews(model.entry) + _extended(model.entry)
    origin = f", from {model.record.repository}" if model.record else ""
    return (
        f"{model.entry.name}, {model.entry.family}, {model.entry.native_size} pixels: {model.path} ({model.source}, "
        f"{gigabytes(model.size)}, licence: {model.licence}{origin}){_paired(model.entry)}{_previews(model.entry)}"
        f"{_extended(model.entry)}"
    )


def _extended(entry: ModelEntry) -> str:
    """Say what a model is given, and what is wrong with that."""
    given = (
        f" {each.fault}" if each.fault else f" Given {each.about}: “{each.given.file.name}”{_weight(each)}."
        for each in entry.additions
    )
    return "".join((".", *given)) if entry.additions else ""


def _weight(addition: ModelAddition) -> str:
    return f", weight {addition.given.weight:g}" if addition.has_weight else ""


def _paired(entry: ModelEntry) -> str:
    return f"; with the autoencoder “{entry.files.paired}”" if entry.files.paired else ""


def _previews(entry: ModelEntry) -> str:
    """Say that a small decoder draws the previews, or why one that lies there does not; nothing without one."""
    if entry.preview_fault:
        return f". {entry.preview_fault}"
    return "; previews by a small decoder" if entry.files.preview_decoder else ""


def _described(model: Listed) -> dict[str, object]:
    decoder = model.entry.files.preview_decoder if model.entry else None
    paired = model.entry.files.paired if model.entry and model.path else None
    return {
        "id": model.entry.id if model.entry else str(model.path),
        "name": model.name,
        "path": str(model.path) if model.path else None,
        "source": model.source,
        "usable": model.entry is not None,
        "fault": model.fault,
        "family": model.entry.family if model.entry else None,
        "native_size": model.entry.native_size if model.entry else None,
        "vae": str(paired) if paired else None,
        "preview_decoder": str(decoder.weights.parent) if decoder else None,
        "additions": [_described_addition(each) for each in model.entry.additions] if model.entry else [],
        "preview_fault": model.entry.preview_fault if model.entry else None,
        "size": model.size,
        "licence": model.licence,
        "repository": model.record.repository if model.record else None,
        "revision": model.record.revision if model.record else None,
    }
