"""nti-desktop methods: how photos can be prepared."""

from argparse import Namespace
from dataclasses import asdict

from nti_desktop.cli.terminal import tell
from nti_desktop.core.progress import CancelToken
from nti_desktop.recipe.methods import BENCHMARK, METHODS, MethodRow


def run(options: Namespace, _cancel: CancelToken) -> int:
    """Print the table of methods."""
    lines = [line for row in METHODS.values() for line in _lines(row)]
    rows = [
        asdict(row)
        | {"method": str(row.method), "keeps": [str(kept) for kept in row.keeps]}
        | {"preparing_rows": row.preparing_rows, "once_rows": row.once_rows, "edit_rows": row.edit_rows}
        for row in METHODS.values()
    ]
    tell([*lines, f"Published figures: {BENCHMARK}."], {"methods": rows, "published_on": BENCHMARK}, options.json)
    return 0


def _lines(row: MethodRow) -> list[str]:
    once = f" and {row.once_rows:g} once" if row.once_rows else ""
    return [
        f"{row.method}: {row.sentence}",
        f"  UNet rows a step: about {row.preparing_rows:g} to prepare{once}, {row.edit_rows:g} for an edit",
        f"  Keeps {'; '.join(map(str, row.keeps)) or 'nothing'}",
        f"  Source: {row.source}",
        f"  Published: {row.published or 'no figures'}",
    ]
