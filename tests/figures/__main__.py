"""Print every figure of the built-in model's card, measured on scenes that training never saw, and write them as JSON.

An interrupted run goes on where it stopped: every answer stands in figures.jsonl beside the JSON, by scene, settings
and weights.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from nti_desktop.models.library.catalog import STUDIO_DEFAULTS, built_in, find_model
from nti_desktop.models.library.fingerprints import fingerprint
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import EditDefaults
from nti_desktop.studio.more_variants import MORE_VARIANTS
from nti_desktop.studio.variants import VARIANTS
from tests.figures.classifying import classifier_digest
from tests.figures.measuring import GUIDANCES, Places
from tests.figures.running import Runner, Subject
from tests.figures.sections import ON_ASKING, SECTIONS, Plan
from tests.figures.tables import plain
from tests.figures.trials import LOCAL, TRIALS, WORLDS


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.figures", description=__doc__)
    parser.add_argument("--scenes", type=int, default=64, help="trials of each kind")
    parser.add_argument("--first-seed", type=int, default=TRIALS, help="other scenes: where their seeds begin")
    parser.add_argument("--kinds", type=_listed(MORE_VARIANTS), default=tuple(VARIANTS), help="with commas")
    parser.add_argument("--world", choices=WORLDS, default="first", help="that the model has learned")
    parser.add_argument("--pictures", type=int, default=128, help="pictures to sample for the attributes")
    parser.add_argument("--autoencoder-scenes", type=int, default=128)
    parser.add_argument("--reconstructions", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--only", type=_listed(SECTIONS), help=f"some of {','.join(SECTIONS)}")
    parser.add_argument("--baselines", action="store_true", help="also copy of the source, sampling and SDEdit")
    parser.add_argument("--null-text", action="store_true", help="also null-text")
    parser.add_argument("--null-scenes", type=int, default=4, help="trials of each kind for null-text")
    parser.add_argument("--methods", type=_listed(tuple(Method)), default=(), help="other methods, with commas")
    parser.add_argument("--sweep", type=float, nargs="*", help=f"guidances to try; without numbers {GUIDANCES}")
    parser.add_argument("--model", help="folder of another model, which gets the built-in one's defaults")
    parser.add_argument("--method", type=Method, help="instead of the default")
    for name, kind in (("steps", int), ("guidance", float), ("cross", float), ("self", float), ("self-limit", float)):
        parser.add_argument(f"--{name}", type=kind, help="instead of the default")
    parser.add_argument("--blend-positions", type=int, help="instead of the default")
    parser.add_argument("--blend-threshold", type=float, help="instead of the default")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs measured")
    parser.add_argument("--out", type=Path, default=Path("out/figures.json"))
    return parser.parse_args(arguments)


def _listed(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    def names(text: str) -> tuple[str, ...]:
        found = tuple(text.split(","))
        if unknown := [name for name in found if name not in list(known)]:
            raise argparse.ArgumentTypeError(f"there is no {' or '.join(unknown)}, but {', '.join(known)}")
        return found

    return names


def settings_of(arguments: argparse.Namespace) -> EditDefaults:
    """The built-in model's defaults, with what the command line says instead."""
    said = {
        "method": arguments.method,
        "steps": arguments.steps,
        "guidance_scale": arguments.guidance,
        "cross_until": arguments.cross,
        "self_until": arguments.self,
        "self_limit": arguments.self_limit,
        "blend_positions": arguments.blend_positions,
        "blend_threshold": arguments.blend_threshold,
    }
    found = {name: value for name, value in said.items() if value is not None}
    if {"cross_until", "self_until"} & found.keys():
        found["windows"] = ()  # the same for every kind
    if "guidance_scale" in found:
        found["guidances"] = ()
    return replace(STUDIO_DEFAULTS, **found)


def main(command_line: Sequence[str] | None = None) -> None:
    """Measure, print, and write what was asked for."""
    arguments = parsed(command_line)
    entry = find_model(arguments.model) if arguments.model else built_in()
    subject = Subject(entry.files, fingerprint(entry), arguments.world)
    out: Path = arguments.out.parent
    answers = arguments.out.with_suffix(".jsonl")
    if arguments.fresh:
        answers.unlink(missing_ok=True)
    places = Places(out / "strips" / subject.weights[:12], out / f"classifier-{classifier_digest()}.safetensors")
    assert places.strips is not None
    places.strips.mkdir(parents=True, exist_ok=True)
    sections = arguments.only or tuple(name for name in SECTIONS if name not in ON_ASKING)
    wanted = arguments.sweep is not None or "sweep" in sections
    if arguments.sweep is not None and not arguments.only:
        sections = (*sections, "sweep")
    settings = settings_of(arguments)
    methods = (*(Method(name) for name in arguments.methods), *((Method.NULL_TEXT,) if arguments.null_text else ()))
    figures: dict[str, object] = {
        "model": entry.name,
        "fingerprint": subject.weights,
        "settings": settings,
        "local kinds": LOCAL,
    }
    with Runner(subject, arguments.workers, answers, places) as runner:
        plan = Plan(
            runner=runner,
            settings=settings,
            kinds=arguments.kinds,
            scenes=arguments.scenes,
            first_seed=arguments.first_seed,
            null_scenes=min(arguments.null_scenes, arguments.scenes),
            pictures=arguments.pictures,
            autoencoder_scenes=arguments.autoencoder_scenes,
            reconstructions=arguments.reconstructions,
            baselines=arguments.baselines,
            methods=tuple(dict.fromkeys(methods)),
            sweep=tuple(arguments.sweep or GUIDANCES) if wanted else (),
            subject=subject,
            places=places,
            out=out,
            workers=arguments.workers,
        )
        for name in sections:
            started = time.monotonic()
            print(f"== {name}", flush=True)
            figures[name] = SECTIONS[name](plan)
            print(f"({time.monotonic() - started:.0f} s)", flush=True)
            arguments.out.write_text(json.dumps(plain(figures), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
