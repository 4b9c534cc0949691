"""The pictures that ship with the program, which the built-in model knows: where, what they show, what to try."""

import json
from dataclasses import dataclass
from pathlib import Path

from nti_desktop.core.errors import ModelError
from nti_desktop.core.resources import resource


@dataclass(frozen=True)
class Sample:
    """One picture. caption: what it shows, in the model's words; edits: prompts that change it; orders: what a model
    that takes orders can be told to do with it.
    """

    path: Path
    caption: str
    edits: tuple[str, ...]
    orders: tuple[str, ...]


def samples() -> tuple[Sample, ...]:
    """All samples, in the order in which to show them. Raises ModelError when the program's own files are damaged."""
    try:
        entries = json.loads(resource("samples", "samples.json").read_text("utf-8"))
        return tuple(
            Sample(
                resource("samples", str(entry["file"])),
                str(entry["caption"]),
                tuple(map(str, entry["edits"])),
                tuple(map(str, entry["orders"])),
            )
            for entry in entries
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError("The samples that come with the program are damaged; install it again.") from error
