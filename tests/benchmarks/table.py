"""What was measured, as text."""

from collections.abc import Sequence

from tests.benchmarks.contestants import FIRST, LATER, PUBLISHED
from tests.benchmarks.sd15 import described
from tests.benchmarks.speed import EDITS
from tests.benchmarks.summary import Section, mean_of_photos
from tests.figures.tables import ALL

_NAME = 32  # characters


def table(bench: Section) -> str:
    """The whole table; what was not measured is said."""
    full_size = bench["full_size"]
    parts = [*_model("built-in model", bench["speed"], bench["memory"], bench["recovered_truth"])]
    if full_size is None:
        parts.append("Stable Diffusion 1.5's size: not measured (no CUDA device)")
    else:
        title = f"Stable Diffusion 1.5's size, random weights, {full_size['steps']} steps"
        parts += _model(title, full_size["speed"], full_size["memory"], None)
    parts += [
        _estimate(bench["memory_estimate"]),
        _start(bench["start"]),
        _screen(bench["screen"]),
        *_window(bench),
        _truth(bench),
        _methods(bench["methods"]),
    ]
    parts.append(_ratios(bench))
    return "\n\n".join(parts)


def _model(title: str, speed: Section | None, memory: Section | None, recovered: Section | None) -> list[str]:
    if speed is None:
        return [f"{title}: speed not measured", _memory(memory)]
    defaults = speed["defaults"]
    head = (
        f"{title}, {speed['size']}x{speed['size']}; {speed['device']}, torch {speed['torch']} with {speed['threads']} "
        f"threads; {speed['rounds']} rounds of {len(speed['photos'])} photos, load before {speed['load']:.1f}\n"
        f"published: {speed['published_steps']} steps; program: {defaults['method']}, {defaults['steps']} steps, "
        f"guidance {defaults['guidance_scale']:g}, preview {defaults['preview_steps']} steps"
    )
    contests = speed["contests"].items()
    return [head, *(_contest(name, standings, recovered) for name, standings in contests), _memory(memory)]


def _contest(contest: str, standings: Section, recovered: Section | None) -> str:
    """Edits have their pictures compared with the plain edit's, inversions with the autoencoder's own."""
    editing = contest == EDITS
    quality, last = ("dB to plain", "recovered") if editing else ("dB", "inner")
    lines = [f"{contest:{_NAME}} {'seconds':>8} {'spread':>14} {'faster':>8} {'rows':>6} {quality:>12} {last:>10}"]
    for name, standing in standings.items():
        spread = f"{standing['least']:.2f}..{standing['greatest']:.2f}"
        faster = standings[PUBLISHED]["median"] / standing["median"]
        psnr = mean_of_photos(standing, "psnr_to_plain" if editing else "reconstruction_psnr")
        inner_steps = mean_of_photos(standing, "inner_steps")
        found = _recovered(recovered, name) if editing else _number(inner_steps, ".0f")
        lines.append(
            f"{name:{_NAME}} {standing['median']:8.2f} {spread:>14} {faster:7.1f}x "
            f"{mean_of_photos(standing, 'rows'):6.0f} {_number(psnr, '.1f'):>12} {found:>10}"
        )
    return "\n".join(lines)


def _recovered(recovered: Section | None, name: str) -> str:
    """A first edit is the same picture as a later one."""
    way = LATER if name == FIRST else name
    return f"{recovered[way]['mean']:.3f}" if recovered and way in recovered else "-"


def _memory(memory: Section | None) -> str:
    if memory is None:
        return "peak memory of an inversion: not measured"
    lines = [f"peak of an inversion beyond the loaded model, {memory['of']}"]
    lines += [f"{name:{_NAME}} {_megabytes(peak):>8} MB" for name, peak in memory["peaks"].items()]
    return "\n".join(lines)


def _start(start: Section | None) -> str:
    if start is None:
        return "window, from the start of the program until it is painted: not measured"
    return (
        f"window, from the start of the program until it is painted: {start['median']:.2f} s, an empty window of Qt: "
        f"{start['bare_median']:.2f} s, ratio {start['median'] / start['bare_median']:.1f}, medians of "
        f"{len(start['seconds'])} starts; torch is {'loaded' if start['torch'] else 'not loaded'} then"
    )


def _screen(screen: Section | None) -> str:
    if screen is None:
        return "window, slider moved until the next picture: not measured"
    what = "a preview" if screen["badge"] else "the final picture"
    moves = len(screen["seconds"])
    return f"window, slider moved until {what} is shown: {screen['median']:.3f} s, median of {moves} moves"


def _window(bench: Section) -> tuple[str, str]:
    return _gaps(bench["gaps"]), _growth(bench["growth"])


def _gaps(gaps: Section | None) -> str:
    if gaps is None:
        return "window, how long its thread does nothing else: not measured"
    columns = ("median", "most_of_100", "most_of_1000", "worst")
    lines = [
        "milliseconds that a timer of the window comes late, and what is left without those of a process beside it",
        f"{'':24}{'half':>8}{'99 %':>16}{'99.9 %':>16}{'worst':>16}",
    ]
    for doing, window in gaps["window"].items():
        control = gaps["control"][doing]
        cells = [f"{window[each]:.1f} ({window[each] - control[each]:+.1f})" for each in columns]
        lines.append(f"{doing:20}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def _growth(growth: Section | None) -> str:
    if growth is None:
        return "window, memory that an edit leaves behind: not measured"
    return (
        f"window, memory that an edit leaves behind: {growth['slope']:.3f} MB, of the last "
        f"{growth['edits'] - growth['settled']} of {growth['edits']} edits, {growth['resident'][-1]:.0f} MB in the end"
    )


def _truth(bench: Section) -> str:
    truth = bench["truth"]
    if truth is None:
        return "recovered truth: not measured"
    lines = [f"recovered truth, {truth['scenes']} scenes a kind (95 % interval), and how much more than published"]
    for way, found in bench["recovered_truth"].items():
        more = truth["differences"].get(way)
        lines.append(f"{way:{_NAME}} {_mean(found, '.3f')}   {_mean(more[ALL], '+.3f') if more else ''}".rstrip())
    return "\n".join(lines)


def _methods(methods: Section | None) -> str:
    """What each method recovers of each kind of change, and what it costs."""
    if methods is None:
        return "every method on every kind of change: not measured"
    found = methods["recovered"]
    kinds = list(dict.fromkeys(kind for kinds in found.values() for kind in kinds))
    lines = [
        f"every method on every kind of change, {methods['scenes']} scenes a kind: recovered truth, verdict",
        f"{'':16}" + "".join(f"{kind:>10}" for kind in kinds) + f"{'outside':>9}",
    ]
    for way, row in found.items():
        cells = [
            f"{_number(row[k]['mean']['mean'], '.2f')} {row[k]['verdict']:4.0%}" if k in row else "" for k in kinds
        ]
        lines.append(f"{way:16}" + "".join(f"{cell:>10}" for cell in cells) + f"{_outside(row):>9}")
    lines.append(f"{'':16}{'preparing s':>12}{'rows':>7}{'first edit s':>14}{'rows':>6}{'sidecar kB':>12}")
    for way, cost in methods["costs"].items():
        lines.append(
            f"{way:16}{cost['preparing']:12.2f}{cost['preparing_rows']:7.0f}{cost['editing']:14.2f}"
            f"{cost['editing_rows']:6.0f}{cost['stored'] / 1e3:12.0f}"
        )
    return "\n".join(lines)


def _outside(row: Section) -> str:
    """dB, over all kinds."""
    return _number(row[ALL]["outside"], ".1f") if ALL in row else "-"


def _mean(found: Section, form: str) -> str:
    return f"{found['mean']:{form}} ({found['low']:{form}} to {found['high']:{form}}), {found['scenes']} scenes"


def _estimate(estimates: Sequence[Section] | None) -> str:
    return described(estimates) if estimates else "estimate of Stable Diffusion's memory on a card: not made"


def _ratios(bench: Section) -> str:
    """Every speed-up and row ratio, one a line."""
    groups = {"": bench, "at_published_guidance.": bench["at_published_guidance"]}
    if bench["full_size"] is not None:
        groups["at_full_size."] = bench["at_full_size"]
    wanted = {
        prefix + name: value
        for prefix, numbers in groups.items()
        for name, value in numbers.items()
        if name.endswith(("speedup", "ratio", "frozen"))
    }
    if not any(wanted.values()):
        return "speed-ups: not measured"
    return "\n".join(f"{name:58} {_number(value, '.2f')}" for name, value in wanted.items())


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else f"{value:{form}}"


def _megabytes(count: int | None) -> str:
    return _number(None if count is None else count / 1e6, ".0f")
