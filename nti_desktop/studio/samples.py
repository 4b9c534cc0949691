"""Write the samples: `python -m nti_desktop.studio.samples`. Scenes that training never saw, and edits to try on each.

Chosen by eye for variety, and by measurement: each comes back from the built-in autoencoder with 30 dB or more at 64
pixels. Bright things do; dark things on dark ground vanish in it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from nti_desktop.resources import resource
from nti_desktop.studio.render import render
from nti_desktop.studio.scenes import caption, draw_scene

SIZE = 512  # pixels


@dataclass(frozen=True)
class Choice:
    """file: name of the picture; seed: of its scene; edits: words of its caption, and words to put in their place."""

    file: str
    seed: int
    edits: tuple[tuple[str, str], ...]


CHOICES = (
    Choice("blue-cone.jpg", 43, (("blue", "yellow"), ("sand", "snow"), ("in a studio", "at sunset"))),
    Choice("ball-and-cylinder.jpg", 799, (("white ball", "green ball"), ("snow", "green grass"), ("ball", "cone"))),
    Choice("cylinder-and-ring.jpg", 424, (("blue", "yellow"), ("cylinder", "ball"), ("in a studio", "at sunset"))),
    Choice("red-ball.jpg", 865, (("red", "white"), ("sand", "snow"), ("at sunset", "at night"))),
    Choice("cone-and-cylinder.jpg", 376, (("white", "red"), ("cone", "ball"), ("green grass", "sand"))),
    Choice("cube-and-cylinder.jpg", 519, (("red", "yellow"), ("cube", "ball"), ("in a studio", "at night"))),
    Choice("red-cone.jpg", 885, (("red", "yellow"), ("a wooden table", "snow"), ("on a sunny day", "at night"))),
    Choice("purple-ball.jpg", 400, (("purple", "white"), ("a tiled floor", "sand"), ("at night", "at sunset"))),
)


def edited(text: str, words: str, instead: str) -> str:
    """The caption with some words replaced. Raises ValueError when they are not in it exactly once."""
    if f" {text} ".count(f" {words} ") != 1:
        raise ValueError(f"“{words}” is not in “{text}” exactly once.")
    return f" {text} ".replace(f" {words} ", f" {instead} ").strip()


def write_samples(folder: Path) -> None:
    """Render every choice into a folder, as JPEG with all its colour, and write samples.json beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for choice in CHOICES:
        scene = draw_scene(choice.seed)
        text = caption(scene)
        picture = Image.fromarray(render(scene, SIZE, rays=2).image)
        picture.save(folder / choice.file, quality=95, subsampling=0, optimize=True)
        entries.append({"file": choice.file, "caption": text, "edits": [edited(text, *edit) for edit in choice.edits]})
    (folder / "samples.json").write_text(json.dumps(entries, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    write_samples(resource("samples"))
