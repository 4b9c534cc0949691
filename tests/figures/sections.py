"""The sections of the figures: what each measures, prints, and gives to be written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.settings import EditDefaults
from nti_desktop.studio.classifier import attributes_of
from nti_desktop.studio.scenes import draw_scene
from tests.figures.answers import Answer
from tests.figures.areas import areas_table, has_an_area
from tests.figures.classifying import ensure_classifier
from tests.figures.compositing import compositor_digest, laid_in_summary, laid_in_table, sample_trials
from tests.figures.measuring import BLENDED, COMPLETED, SHORT, Measurement, Places, sampling_settings
from tests.figures.running import Runner, Subject
from tests.figures.sheets import chosen, write_sheet
from tests.figures.speed import measure_speed
from tests.figures.stories import story_seeds, story_table
from tests.figures.tables import (
    Mean,
    Outcomes,
    attribute_shares,
    attribute_table,
    mask_summary,
    mask_table,
    mean_of,
    paired,
    truth_summary,
    truth_table,
    values,
)
from tests.figures.teaching import measure_lessons
from tests.figures.trials import AUTOENCODER, LOCAL, RECONSTRUCTION, WORLDS, Trial, World, one_thing_seeds, trial
from tests.figures.word_tables import half_way, stops, stops_table
from tests.figures.words import (
    BETWEEN,
    FULL,
    PREVIEW,
    TAKEN_AWAY,
    can_be_weighed,
    has_a_way,
    in_dense_fog,
    only_takes_away,
)


@dataclass(frozen=True)
class Plan:
    """What is to be measured, and with what."""

    runner: Runner
    settings: EditDefaults
    kinds: tuple[str, ...]
    scenes: int
    first_seed: int
    null_scenes: int
    pictures: int
    autoencoder_scenes: int
    reconstructions: int
    baselines: bool
    methods: tuple[Method, ...]
    sweep: tuple[float, ...]
    subject: Subject
    places: Places
    out: Path
    workers: int

    @property
    def world(self) -> World:
        """Whose scenes are measured."""
        return WORLDS[self.subject.world]

    def seeds(self, kind: str, count: int | None = None) -> list[int]:
        """The seeds of a kind's trials."""
        return self.runner.visible_seeds(kind, count or self.scenes, self.first_seed)

    def outcomes(self, *asked: tuple[str, EditDefaults], count: int | None = None) -> list[dict[str, list[Answer]]]:
        """Figures of every kind's trials, by kind; asked for in one go they share what they have in common."""
        tables = [
            {kind: [Measurement(figure, kind, s, settings) for s in self.seeds(kind, count)] for kind in self.kinds}
            for figure, settings in asked
        ]
        answers = iter(self.runner.run([m for table in tables for row in table.values() for m in row]))
        return [{kind: [next(answers) for _ in row] for kind, row in table.items()} for table in tables]


def autoencoder(plan: Plan) -> object:
    """Mean PSNR of held-out pictures through the autoencoder, in dB."""
    seeds = range(AUTOENCODER, AUTOENCODER + plan.autoencoder_scenes)
    found = mean_of(
        values(plan.runner.run([Measurement("autoencoder", "", seed) for seed in seeds]), "autoencoder", "psnr")
    )
    print(f"autoencoder: {found.mean:.2f} dB ({found.low:.2f} to {found.high:.2f}), {found.scenes} pictures")
    return found


def attributes(plan: Plan) -> object:
    """Whether sampled pictures show what their captions say, by a classifier."""
    ensure_classifier(plan.places.classifier, plan.workers)
    judge = plan.places.classifier.stem
    seeds = one_thing_seeds(plan.pictures)
    asked = [attributes_of(draw_scene(seed)) for seed in seeds]
    ceiling = attribute_shares(
        plan.runner.run([Measurement("ceiling", "", seed, judge=judge) for seed in seeds]), asked
    )
    generated = {}
    for guidance in dict.fromkeys((plan.settings.guidance_scale, *plan.sweep)):
        settings = sampling_settings(replace(plan.settings, guidance_scale=guidance))
        measurements = [Measurement("attributes", "", seed, settings, judge) for seed in seeds]
        generated[f"guidance {guidance:g}"] = attribute_shares(plan.runner.run(measurements), asked)
    print(attribute_table(ceiling, generated))
    return {"ceiling": ceiling, **generated}


def reconstruction(plan: Plan) -> object:
    """Unpinned null-text by the published schedule at guidance 7.5, in dB against the autoencoder's own picture."""
    seeds = range(RECONSTRUCTION, RECONSTRUCTION + plan.reconstructions)
    found = values(plan.runner.run([Measurement("reconstruction", "", seed) for seed in seeds]), "null-text", "psnr")
    mean = mean_of(found)
    print(f"null-text, unpinned: {mean.mean:.1f} dB, worst {min(found):.1f}, {mean.scenes} pictures")
    return {"mean": mean, "worst": min(found)}


def truth(plan: Plan) -> object:
    """How near edits come to the right answer, by kind; with baselines and other methods as asked for."""
    way = str(plan.settings.method)
    asked = [("truth", plan.settings)]
    if plan.baselines:
        asked.append(("baselines", sampling_settings(plan.settings)))
    ours, *others = plan.outcomes(*asked)
    summary = truth_summary(ours)
    differences = compared(ours, way + BLENDED, ours, way)
    write_sheets(plan, ours)
    print(truth_table(summary), flush=True)
    for theirs in others:
        baselines = truth_summary(theirs)
        print(truth_table(baselines), flush=True)
        summary |= baselines
        for other in baselines:
            differences |= compared(ours, way, theirs, other)
    for method in plan.methods:
        settings = replace(plan.settings, method=method)
        count = plan.null_scenes if method is Method.NULL_TEXT else None
        (theirs,) = plan.outcomes(("truth", settings), count=count)
        found = truth_summary(theirs)
        print(truth_table(found), flush=True)
        summary |= found
        same = {kind: answers[: len(theirs[kind])] for kind, answers in ours.items()}
        differences |= compared(same, way, theirs, str(method))
    for label, difference in differences.items():
        interval = f"{difference.low:+.3f} to {difference.high:+.3f}"
        print(f"{label}: {difference.mean:+.3f} ({interval}), {difference.scenes} scenes")
    return {"ways": summary, "paired differences": differences}


def compared(ours: Outcomes, way: str, theirs: Outcomes, other: str) -> dict[str, Mean]:
    """How much more one way recovers than another, over all kinds, scene by scene."""
    pairs = [(answers, theirs[kind]) for kind, answers in ours.items()]
    found = paired([a for one, _ in pairs for a in one], way, [b for _, two in pairs for b in two], other)
    return {f"{way} less {other}": found} if found else {}


def write_sheets(plan: Plan, ours: Outcomes) -> None:
    """The worst tenth and a few other edits of each kind, as pictures."""
    way = str(plan.settings.method)
    for kind, answers in ours.items():
        rows = []
        for seed, answer in zip(plan.seeds(kind), answers, strict=True):
            recovered = answer[way]["recovered"]
            assert plan.places.strips is not None
            file = plan.places.strips / Measurement("truth", kind, seed, plan.settings).strip_name()
            if recovered is not None and file.exists():
                rows.append((recovered, file, _caption(trial(kind, seed, plan.world), answer, way)))
        if rows:
            numbers = chosen([row[0] for row in rows])
            write_sheet(plan.out / f"truth-{kind}.png", [rows[number][1:] for number in numbers])


def _caption(asked: Trial, answer: Answer, way: str) -> str:
    blended = answer.get(way + BLENDED, {}).get("recovered")
    with_blend = "" if blended is None else f", with blend {blended:.2f}"
    source, edit = asked.captions
    return f"seed {asked.seed}: recovered {answer[way]['recovered']:.2f}{with_blend}; {source}\n-> {edit}"


def masks(plan: Plan) -> object:
    """The mask of the first thing's word against the thing, in edits that change its colour."""
    asked = [Measurement("truth", "colour", seed, plan.settings) for seed in plan.seeds("colour")]
    summary = mask_summary(plan.runner.run(asked))
    print(mask_table(summary))
    return summary


def sweep(plan: Plan) -> object:
    """What the default method recovers by guidance, without a mask."""
    way = str(plan.settings.method)
    outcomes = plan.outcomes(
        *(("guidance", replace(plan.settings, guidance_scale=scale, guidances=())) for scale in plan.sweep)
    )
    summary = {
        f"{way} at {scale:g}": truth_summary(found)[way] for scale, found in zip(plan.sweep, outcomes, strict=True)
    }
    print(truth_table(summary))
    return summary


def weights(plan: Plan) -> object:
    """How far the weight of changed words goes on the way from photo to truth, kind by kind."""
    return _weights(plan, "weights", plan.kinds, can_be_weighed)


def kept(plan: Plan) -> object:
    """How far the weight of kept words goes on the way to where the renderer can leave out what they say."""
    return _weights(plan, "kept", [kind for kind in plan.kinds if kind in TAKEN_AWAY], only_takes_away)


def _weights(plan: Plan, figure: str, kinds: Iterable[str], fits: Callable[[Trial], bool]) -> object:
    outcomes = {}
    for kind in kinds:
        seeds = plan.runner.visible_seeds(kind, plan.scenes, plan.first_seed, fits)
        outcomes[kind] = plan.runner.run([Measurement(figure, kind, seed, plan.settings) for seed in seeds])
    summary = {}
    for speed in (FULL, PREVIEW):
        found = {kind: each for kind, answers in outcomes.items() if (each := stops(answers, "projection" + speed))}
        if found:
            print(stops_table(f"{figure}{speed}", found), flush=True)
        summary[speed] = found
    return summary


def denser(plan: Plan) -> object:
    """What a fog that is turned up recovers of as many times the fog."""
    seeds = plan.runner.visible_seeds("weather", plan.scenes, plan.first_seed, in_dense_fog)
    answers = plan.runner.run([Measurement("denser", "weather", seed, plan.settings) for seed in seeds])
    found = {way: each for way in ("denser" + FULL, "denser" + PREVIEW) if (each := stops(answers, way))}
    print(stops_table("times the fog", found), flush=True)
    return found


def structure(plan: Plan) -> object:
    """What is gained by following the kind of change, against the same windows and guidance for all kinds."""
    return _against_the_same_for_all(plan, "guidance", str(plan.settings.method))


def short(plan: Plan) -> object:
    """The same from captions of three or four words."""
    return _against_the_same_for_all(plan, "short", SHORT)


def completed(plan: Plan) -> object:
    """What is gained where the model completes such captions, beside what full ones give."""
    full_way = str(plan.settings.method)
    figures = (("completed", plan.settings), ("short", plan.settings), ("guidance", plan.settings))
    ours, brief, full = plan.outcomes(*figures)
    summaries = {title: truth_summary(found) for title, found in ((COMPLETED, ours), (SHORT, brief), ("full", full))}
    for title, summary in summaries.items():
        print(f"-- {title}\n{truth_table(summary)}", flush=True)
    for title, theirs, way in (("against short", brief, SHORT), ("against full", full, full_way)):
        for label, found in compared(ours, COMPLETED, theirs, way).items():
            print(f"{title}, {label}: {found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f}), {found.scenes} scenes")
    return summaries


def _against_the_same_for_all(plan: Plan, figure: str, way: str) -> object:
    same = replace(plan.settings, windows=(), guidances=(), explaining=None)
    ours, theirs = plan.outcomes((figure, plan.settings), (figure, same))
    summaries = {"by kind": truth_summary(ours), "the same for all": truth_summary(theirs)}
    for title, summary in summaries.items():
        print(f"-- {title}\n{truth_table(summary)}", flush=True)
    differences = {kind: paired(ours[kind], way, theirs[kind], way) for kind in plan.kinds}
    differences |= compared(ours, way, theirs, way)
    for label, found in differences.items():
        if found is not None:
            print(f"{label}: {found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f}), {found.scenes} scenes")
    return {**summaries, "paired differences": differences}


def strength(plan: Plan) -> object:
    """How far the strength goes from the photo, and what half of it recovers of the half-way truth."""
    summary: dict[str, object] = {}
    outcomes = {}
    for kind in plan.kinds:
        if kind not in BETWEEN:
            continue
        seeds = plan.runner.visible_seeds(kind, plan.scenes, plan.first_seed, has_a_way)
        outcomes[kind] = plan.runner.run([Measurement("strength", kind, seed, plan.settings) for seed in seeds])
    for speed in (FULL, PREVIEW):
        found = {kind: each for kind, answers in outcomes.items() if (each := stops(answers, "distance" + speed))}
        print(stops_table(f"distance{speed}", found), flush=True)
        half = {kind: half_way(answers, "half" + speed) for kind, answers in outcomes.items()}
        for kind, mean in half.items():
            if mean is not None:
                print(f"half of {kind}{speed}: recovered {mean.mean:.3f} ({mean.low:.2f} to {mean.high:.2f})")
        summary[speed] = {"distance": found, "half": half}
    return summary


def story(plan: Plan) -> object:
    """How often the thing of a story stays the same thing, against the same frames as edits by themselves."""
    asked = [Measurement("story", "", seed, plan.settings) for seed in story_seeds(plan.scenes)]
    answers = plan.runner.run(asked)
    print(story_table(answers), flush=True)
    return answers


def composite(plan: Plan) -> object:
    """What a right answer at the model's size recovers once it is laid into the photo: samples, then other scenes."""
    digest = compositor_digest()
    asked: dict[str, dict[str, list[Measurement]]] = {"samples": {}, "scenes": {}}
    for number, sample in enumerate(sample_trials()):
        asked["samples"].setdefault(sample.kind, []).append(Measurement("sample", sample.kind, number, judge=digest))
    for kind in plan.kinds:
        asked["scenes"][kind] = [Measurement("composite", kind, seed, judge=digest) for seed in plan.seeds(kind)]
    summaries = {}
    for title, kinds in asked.items():
        answers = iter(plan.runner.run([measurement for row in kinds.values() for measurement in row]))
        summaries[title] = laid_in_summary({kind: [next(answers) for _ in row] for kind, row in kinds.items()})
        print(f"-- {title}\n{laid_in_table(summaries[title])}", flush=True)
    return summaries


def areas(plan: Plan) -> object:
    """What an area around the thing recovers against the whole photo, of edits of one thing."""
    answers = {}
    for kind in [kind for kind in plan.kinds if kind in LOCAL]:
        seeds = plan.runner.visible_seeds(kind, plan.scenes, plan.first_seed, has_an_area)
        asked = [Measurement("areas", kind, seed, plan.settings, compositor_digest()) for seed in seeds]
        answers[kind] = plan.runner.run(asked)
    print(areas_table(answers), flush=True)
    return answers


def speed(plan: Plan) -> object:
    """Milliseconds of a UNet row and seconds of a preparation and of edits, with nothing of this beside."""
    plan.runner.close()
    found = measure_speed(plan.subject.folder, plan.settings)
    rows = ", ".join(f"{ms:.1f} ms with {threads} threads" for threads, ms in found.row_ms.items())
    print(f"one UNet row: {rows}; {found.device}; load before {found.load:.1f}")
    for name, cost in (
        ("preparation", found.preparation),
        ("first edit", found.first_edit),
        ("later edit", found.later_edit),
    ):
        print(f"{name}: {cost.seconds:.2f} s, {cost.rows} rows, {found.threads} threads")
    return found


def taught(plan: Plan) -> object:
    """Words that the model is taught, which its own cannot say."""
    return measure_lessons(plan.subject.files, plan.scenes)


SECTIONS: dict[str, Callable[[Plan], object]] = {
    "autoencoder": autoencoder,
    "attributes": attributes,
    "reconstruction": reconstruction,
    "truth": truth,
    "masks": masks,
    "sweep": sweep,
    "structure": structure,
    "short": short,
    "completed": completed,
    "weights": weights,
    "kept": kept,
    "denser": denser,
    "strength": strength,
    "story": story,
    "composite": composite,
    "areas": areas,
    "taught": taught,
    "speed": speed,
}
# Of no interest to the model's card.
ON_ASKING = (
    "sweep", "structure", "short", "completed", "weights", "kept", "denser", "strength", "story", "composite", "areas",
    "taught",
)  # fmt: skip
