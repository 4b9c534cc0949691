"""Which files of a repository make a model: the parts of the diffusers layout, one set of safetensors, no pickles. Of a
published preview decoder, its two.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nti_desktop.core.errors import ModelError
from nti_desktop.models.formats.weights import HALF, PICKLED, WEIGHTS
from nti_desktop.models.library.preview_decoders import CONFIG, find_published
from nti_desktop.models.library.preview_decoders import WEIGHTS as SMALL_WEIGHTS
from nti_desktop.models.library.records import is_inside

PARTS = (*WEIGHTS, "tokenizer", "tokenizer_2", "scheduler")
NEEDED = ("unet", "vae", "text_encoder")
LARGEST_TEXT = 32 << 20  # bytes; the largest vocabulary there is has a tenth
LARGEST_WEIGHTS = 20 << 30  # SDXL's UNet in full precision has half
MOST_FILES = 100
_ELSEWHERE = "get its .safetensors file with a browser and add that"


@dataclass(frozen=True)
class HubFile:
    """One file of a repository, as the Hub lists it. size in bytes; sha256 in hex of a file in LFS, else empty;
    git_sha1: of any other file, as git counts it.
    """

    name: str
    size: int
    sha256: str = ""
    git_sha1: str = ""

    @property
    def key(self) -> str:
        """The hash by which its content is known."""
        return self.sha256 or self.git_sha1


def choose(files: Sequence[HubFile], repository: str) -> tuple[HubFile, ...]:
    """The files to fetch, small ones first. Raises ModelError in one sentence when they make no model."""
    if not all(_is_relative(file.name) for file in files):
        raise ModelError(f"“{repository}” lists files outside its own folder, so nothing of it is downloaded.")
    by_name = {file.name: file for file in files}
    chosen = _preview_decoder(by_name, repository) if find_published(repository) else _model(by_name, repository)
    for file in chosen:
        largest = LARGEST_WEIGHTS if file.name.endswith(".safetensors") else LARGEST_TEXT
        if not (0 <= file.size <= largest and is_inside(file.name) and file.key):
            raise ModelError(f"“{file.name}” of “{repository}” is nothing a model has, so nothing of it is downloaded.")
    if len(chosen) > MOST_FILES or len({file.name.casefold() for file in chosen}) != len(chosen):
        raise ModelError(f"“{repository}” lists more files than a model has, so nothing of it is downloaded.")
    return tuple(sorted(chosen, key=lambda file: (file.size, file.name)))


def _model(by_name: Mapping[str, HubFile], repository: str) -> list[HubFile]:
    if any(name.startswith("transformer/") for name in by_name):
        raise ModelError(f"“{repository}” is built around a transformer, which this program cannot use.")
    if "model_index.json" not in by_name:
        raise ModelError(f"“{repository}” is not in the diffusers layout; {_ELSEWHERE}.")
    return [by_name["model_index.json"], *_texts(by_name), *_weights(by_name, repository)]


def _preview_decoder(by_name: Mapping[str, HubFile], repository: str) -> list[HubFile]:
    if CONFIG not in by_name or SMALL_WEIGHTS not in by_name:
        raise ModelError(f"“{repository}” no longer has a preview decoder that this program can use.")
    return [by_name[CONFIG], by_name[SMALL_WEIGHTS]]


def _is_relative(name: str) -> bool:
    """A path that stays below its folder, on every system."""
    return name.isprintable() and not re.match(r"[/\\]|[A-Za-z]:", name) and ".." not in re.split(r"[/\\]", name)


def _texts(by_name: Mapping[str, HubFile]) -> list[HubFile]:
    """Configurations, vocabularies and schedules; the tables of weights in pieces come with those."""
    return [
        file
        for name, file in by_name.items()
        if name.count("/") == 1
        and name.partition("/")[0] in PARTS
        and name.endswith((".json", ".txt"))
        and ".safetensors.index" not in name
        and ".bin.index" not in name
    ]


def _weights(by_name: Mapping[str, HubFile], repository: str) -> list[HubFile]:
    """The fp16 variant where every part has it, else of each part what it has. Both at once would be twice the size."""
    parts = [part for part in WEIGHTS if part in NEEDED or any(name.startswith(f"{part}/") for name in by_name)]
    halves = {part: _set_of(by_name, part, HALF) for part in parts}
    if all(halves.values()):
        return [file for half in halves.values() for file in half]
    chosen = []
    for part in parts:
        found = _set_of(by_name, part) or halves[part]
        if not found:
            raise _without_weights(by_name, part, repository)
        chosen += found
    return chosen


def _set_of(by_name: Mapping[str, HubFile], part: str, variant: str = "") -> list[HubFile]:
    """The weights of a part in one file, or in pieces with their table; empty when neither is whole."""
    stem = f"{part}/{WEIGHTS[part]}"
    if single := by_name.get(f"{stem}{variant}.safetensors"):
        return [single]
    table = by_name.get(f"{stem}.safetensors.index{variant}.json")
    stem, variant = re.escape(stem), re.escape(variant)
    # Newer libraries number the pieces after the variant, older ones before.
    for named in (rf"{stem}{variant}-(\d+)-of-(\d+)\.safetensors", rf"{stem}-(\d+)-of-(\d+){variant}\.safetensors"):
        found = {name: match for name in by_name if (match := re.fullmatch(named, name))}
        numbers, counts = ({int(match[n]) for match in found.values()} for n in (1, 2))
        if table and counts == {len(found)} and numbers == set(range(1, len(found) + 1)):
            return [table, *(by_name[name] for name in found)]
    return []


def _without_weights(by_name: Mapping[str, HubFile], part: str, repository: str) -> ModelError:
    if any(name.startswith(f"{part}/") and name.endswith(PICKLED) for name in by_name):
        return ModelError(
            f"The {part} of “{repository}” has only pickled weights, which could run any program; "
            "choose a model with safetensors weights."
        )
    return ModelError(f"The {part} of “{repository}” has no safetensors weights; {_ELSEWHERE}.")
