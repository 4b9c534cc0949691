"""nti-desktop edit: a version of the photo by other words, kept in the sidecar."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nti_desktop.cli.keeping import Kept, keep
from nti_desktop.cli.making import Engine, make_picture, model_of
from nti_desktop.cli.terminal import as_argument, note, refuse_late, tell, watcher
from nti_desktop.cli.writing import not_written, target_of, write_or_say
from nti_desktop.core.errors import ModelError, RecipeError, SidecarError
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing import edits, feedback
from nti_desktop.editing.engine_jobs import check_marked
from nti_desktop.editing.image_prompts import adapter_for, prompt_of
from nti_desktop.editing.look import look_job, said_of_look
from nti_desktop.editing.previews import encode_preview
from nti_desktop.editing.session import Session
from nti_desktop.editing.version_areas import parts_beside
from nti_desktop.models.library.catalog import ModelEntry, find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.photo.compositing.composite import Finish
from nti_desktop.photo.frame import Frame
from nti_desktop.photo.photo import open_photo
from nti_desktop.project.schema import InversionRecord, SettingsRecord
from nti_desktop.recipe.emphasis import Emphasis, read_emphasis
from nti_desktop.recipe.image_prompt import ImagePrompt
from nti_desktop.recipe.jobs import Figures, Inversion, Rendered
from nti_desktop.recipe.look import Look, with_look
from nti_desktop.recipe.methods import MethodRow
from nti_desktop.recipe.outlines import Outline
from nti_desktop.recipe.parameters import FEATHER, FOLLOW, PARAMETERS
from nti_desktop.recipe.recipe import EditRecipe, Reweighting, find_refs, with_weight
from nti_desktop.recipe.sees import Sees
from nti_desktop.recipe.settings import EditDefaults, InversionSettings
from nti_desktop.recipe.structure import recipe_for, settled
from nti_desktop.recipe.words import find_words, unlearned_words


def run(options: Namespace, cancel: CancelToken) -> int:
    """Add a version of the photo and render it; write it where that is asked for."""
    session = Session.open(options.photo, project=options.project)
    if session.read_only:
        raise SidecarError(session.read_only)
    if options.model is not None:
        inversion: InversionRecord | None = _unprepared(session, options.model, cancel)
    elif options.inversion is not None:
        inversion = _inversion(session, options.inversion)
    else:  # a sentence, unless nothing was ever described
        inversion = session.described_inversion() or session.inversion()
    if inversion is None:
        path = session.photo.path
        raise SidecarError(
            f"“{path.name}” was not inverted yet; run “nti-desktop invert {as_argument(path)} --prompt TEXT” first."
        )
    source = inversion.settings.prompt
    entry = model_of(session, inversion, cancel)
    engine = Engine(options.device)
    seen = None if options.look is None else _look(session, options.look, entry, engine, cancel)
    typed = read_emphasis(options.to, known=source) if seen is None else Emphasis(with_look(source, seen))
    given = _given(options.weight, typed.prompt)
    emphasis = replace(typed, weights=tuple(pair for pair in typed.weights if pair[0] not in given))
    frame = session.frame(inversion.id)
    shown = _shown(options, inversion, entry)
    recipe = _recipe(options, inversion, frame, dict(emphasis.weights) | given, typed.prompt, entry.defaults, shown)
    name = _name(options.name, session)
    target = target_of(options, session, name)

    unlearned = feedback.never_learned(entry, unlearned_words(recipe.prompt, entry.words))
    heard = [said for said in (feedback.read_as_weights(emphasis), unlearned) if said]
    note(heard)
    before = session.project.current
    others = parts_beside(session.project, inversion.id)
    finish = Finish(FEATHER.usual if options.feather is None else options.feather)
    version = session.add_version(name, recipe, finish, inversion.id, made_from=before, others=others)
    made = make_picture(session, version.parts, engine, watcher(), cancel)
    session.working_copy.keep_preview(version.id, encode_preview(made.picture))
    cancel.check()  # the last moment: after this the version is kept
    written = (
        not_written(options) if target is None else write_or_say(options, session, made, version.parts, target, cancel)
    )
    kept = _keep(session, version.id, options.name)
    version = session.project.version(version.id)

    notes = [*session.notes, *kept.said, *_notes(inversion.settings, recipe, made.rendered, entry.words)]
    rendered = made.rendered
    lines = [] if seen is None else [said_of_look(options.look, seen)]
    lines += [f"Version “{version.name}” is saved in {kept.path}"] if kept.path is not None else []
    if rendered is not None:
        confined = "" if rendered.mask is None else f" before the mask, which covers {rendered.coverage:.0%} of it"
        lines.append(
            f"Rendered in {rendered.figures.seconds:.1f} s with {rendered.figures.unet_rows} UNet rows; "
            f"{rendered.changed:.0%} of the picture changed visibly{confined}. "
            f"Computed in {rendered.figures.precision}."
        )
    tell(
        [*lines, *written.said, *notes],
        {
            "photo": str(session.photo.path),
            "sidecar": None if kept.path is None else str(kept.path),
            "version": version.id,
            "name": version.name,
            "prompt": recipe.prompt,
            "look": None if seen is None else str(seen),
            "weights": [{"position": c.position, "word": c.text, "weight": c.weight} for c in recipe.weighted],
            "inversion": inversion.id,
            "seconds": rendered.figures.seconds if rendered else 0.0,
            "unet_rows": rendered.figures.unet_rows if rendered else 0,
            "precision": rendered.figures.precision if rendered else None,
            "reconstruction_psnr": inversion.figures.reconstruction_psnr,
            "changed": rendered.changed if rendered else 0.0,
            "coverage": rendered.coverage if rendered else 1.0,
            "out": None if written.path is None else str(written.path),
            "said": written.said,
            "notes": [*heard, *notes],
        },
        options.json,
    )
    return refuse_late(written.fault, kept.fault)


def _keep(session: Session, version_id: str, name: str | None) -> Kept:
    """Save the version; one that was named here, as another was meanwhile, gets another name."""
    kept = keep(session)
    while name is None and kept.fault is None and session.rename_apart(version_id):
        kept = replace(again := keep(session), said=(*kept.said, *again.said))
    return kept


def _inversion(session: Session, inversion_id: str) -> InversionRecord:
    try:
        return session.project.inversion(inversion_id)
    except KeyError as error:
        raise SidecarError(
            f"“{session.photo.path.name}” has no inversion “{inversion_id}”; “nti-desktop info” lists them."
        ) from error


def _unprepared(session: Session, model: str, cancel: CancelToken) -> InversionRecord:
    """Find the inversion of the whole photo that edits by this model stand on, else add an empty one, as nothing is
    prepared for orders, nor for what is drawn into a mask. Raises ModelError for a model of descriptions.
    """
    entry = find_model(model)
    if entry.sees is Sees.NOTHING:
        raise ModelError(
            f"“{entry.name}” takes no orders; prepare the photo with “nti-desktop invert PHOTO --prompt TEXT --model "
            "MODEL” first, then edit it without --model."
        )
    digest, best = fingerprint(entry, cancel), entry.defaults
    settings = InversionSettings("", best.method, best.steps_for(best.method), best.guidance_scale)
    stands_on = (digest, settings, session.frame_for(entry))
    for known in session.project.inversions:
        if (known.model_fingerprint, known.settings.settings(), session.frame(known.id)) == stands_on:
            session.meet_model(digest, entry)
            return known
    return session.keep_inversion(entry, digest, Inversion(settings, {}, None, Figures(0.0, 0)))


def _look(session: Session, other: Path, entry: ModelEntry, engine: Engine, cancel: CancelToken) -> Look:
    """Ask the model for the look of another photo."""
    return engine.service.read_look(look_job(session.photo, other, entry), watcher(), cancel)


def _recipe(
    options: Namespace,
    inversion: InversionRecord,
    frame: Frame,
    weights: dict[int, float],
    prompt: str,
    defaults: EditDefaults,
    shown: ImagePrompt | None,
) -> EditRecipe:
    """The plain edit, changed as the window's controls would. frame: the inversion's; weights: by the positions of
    their words; shown: the picture to draw after.

    Raises RecipeError when a word is in neither prompt or a value is out of range.
    """
    source, settings, explained = inversion.settings.prompt, inversion.settings.settings(), inversion.figures.explained
    within = tuple(_outline(points, frame) for points in options.mask)
    plain = replace(recipe_for(prompt, settings, defaults, explained, within), image_prompt=shown)
    check_marked(settings.method, plain)
    recipe = edits.with_reweighting(plain, options.reweight)
    for position, weight in sorted(weights.items()):
        recipe = with_weight(recipe, position, weight)
    row = inversion.settings.method.row
    if not row.looks and (options.blend or options.keep or options.reweight is Reweighting.ATTENTION):
        raise RecipeError(
            f"{row.method} does not know where words look; leave out --blend, --keep and --reweight attention, or edit "
            "by another method."
        )
    for parameter in PARAMETERS:
        heeded = row.looks if parameter is FOLLOW else parameter.field in row.numbers or not parameter.advanced
        if not heeded and getattr(options, parameter.option) is not None:
            raise _unheeded(row, parameter.flag)
    places, keeps = (
        tuple(ref for name in names for ref in find_refs(name, source, prompt))
        for names in (options.blend, options.keep)
    )
    if not places and (keeps or options.threshold is not None):
        raise RecipeError("A mask is wanted, but not where it is; say with --blend where the photo may change.")
    recipe = edits.with_mask(recipe, places, keeps, defaults)
    if options.threshold is not None:
        recipe = edits.with_threshold(recipe, options.threshold)
    recipe = settled(recipe, settings, defaults, explained)
    if options.follow is not None:
        FOLLOW.check(options.follow)
        recipe = edits.following(recipe, options.follow)
    for parameter in PARAMETERS:
        value = getattr(options, parameter.option) if parameter.field and parameter.flag else None
        if value is not None:
            recipe = edits.with_number(recipe, parameter, value)
    recipe = replace(recipe, seed=options.seed or 0, lot=options.lot)
    lot = row.lot_of(recipe)
    if options.lot not in (None, lot):
        raise _unheeded(row, f"--lot {options.lot}")
    if options.seed is not None and (lot is None or not lot.drawn):
        raise _unheeded(row, "--seed")
    return recipe


def _unheeded(row: MethodRow, option: str) -> RecipeError:
    return RecipeError(f"{row.method} makes nothing of {option}; leave it out, or edit by another method.")


def _shown(options: Namespace, inversion: InversionRecord, entry: ModelEntry) -> ImagePrompt | None:
    """The picture that the edit draws after. Raises RecipeError where the method draws after none, ModelError where the
    model reads none.
    """
    if options.picture is None:
        if options.picture_area is not None or options.picture_weight is not None:
            raise RecipeError("Something is said of a picture to draw after, but not which; name it with --picture.")
        return None
    row = inversion.settings.method.row
    if not row.takes_pictures:
        raise RecipeError(
            f"{row.method} draws after no picture; invert the photo by --method residual, or choose a model made for "
            "inpainting with --model."
        )
    return prompt_of(open_photo(options.picture).raster, adapter_for(row, entry), options.picture_area)


def _outline(points: Sequence[tuple[int, int]], frame: Frame) -> Outline:
    """An outline through points of the photo, in its pixels."""
    return Outline(tuple(frame.seen(x, y) for x, y in points))


def _given(weights: Sequence[tuple[str, float]], prompt: str) -> dict[int, float]:
    """The weights given beside the sentence, which win over those typed in it, by the positions of their words."""
    given: dict[int, float] = {}
    for name, weight in weights:
        for word in find_words(prompt, name):
            if word.position in given:
                raise RecipeError(f"“{word.text}” is given two weights; give it one.")
            given[word.position] = weight
    return given


def _name(wanted: str | None, session: Session) -> str:
    if wanted is None:
        return session.free_name()
    if any(version.name == wanted.strip() for version in session.project.versions):
        raise SidecarError(f"There is a version “{wanted.strip()}” already; choose another name.")
    return wanted


def _notes(
    prepared: SettingsRecord, recipe: EditRecipe, rendered: Rendered | None, learned: frozenset[str] | None
) -> list[str]:
    """List what a person should hear about how the edit came out.

    learned: words of the model, None when it does not say.
    """
    source, row = prepared.prompt, prepared.method.row
    notes = [same] if (same := feedback.same_but_for_signs(source, recipe.prompt)) else []
    if rendered is None:
        return [*notes, "Nothing is asked for that the photo does not show, so this version is the photo itself."]
    words = feedback.changed_words(source, recipe)
    if nothing := feedback.no_effect(words, rendered):
        notes.append(f"{nothing} {_more(row)}")
    if row.looks and (everything := feedback.too_much(words, rendered, learned)):
        notes.append(f"{everything} Use --blend for that.")
    if recipe.blend is not None and rendered.coverage > feedback.WIDE_MASK:
        notes.append(f"The mask covers {rendered.coverage:.0%} of the picture, which is much for a thing in it.")
    return notes


def _more(row: MethodRow) -> str:
    """Say which option makes an edit by this method change more."""
    if row.looks:
        return "Loosen the structure with a lower --follow, or give the word more --weight."
    if row.fills:
        return "Mark more of the photo with --mask, or try another --seed."
    return (
        "Give up more of the photo with --noise."
        if row.described
        else "Let go of the photo with a lower --image-guidance."
    )
