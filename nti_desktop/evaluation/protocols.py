"""PIE-Bench and TEDBench as their folders hold them: photos, sentences, and where the change belongs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from nti_desktop.core import disk
from nti_desktop.core.errors import PhotoError
from nti_desktop.recipe.methods import BENCHMARK, METHODS

SIDE = 512  # of PIE-Bench's photos, in pixels, which its masks count
MAX_BYTES = 64 * 2**20  # of a list of cases
ANY_PHOTO = "a photo"  # TEDBench does not say what its photos show

Entries = TypeVar("Entries")
Number = Annotated[int, Field(ge=0, le=SIDE * SIDE)]


@dataclass(frozen=True)
class Case:
    """One photo and what is asked of it.

    source, edit: the two sentences; order: the same in the imperative, empty where there is none; blend: the changed
    word in each sentence, None where there is none; runs: (start, length) of the pixels that may change, row by row,
    empty where nobody marked them.
    """

    name: str
    photo: Path
    kind: str
    source: str
    edit: str
    order: str = ""
    blend: tuple[str, str] | None = None
    runs: tuple[tuple[int, int], ...] = ()

    @property
    def marked(self) -> NDArray[np.bool_] | None:
        """Where the change belongs, (512, 512), its border included as in the published code; None where unmarked."""
        if not self.runs:
            return None
        flat = np.zeros(SIDE * SIDE, np.bool_)
        for start, length in self.runs:
            flat[start : start + length] = True
        mask = flat.reshape(SIDE, SIDE)
        mask[[0, -1]] = True
        mask[:, [0, -1]] = True
        return mask


class _PieCase(BaseModel):
    image_path: str
    original_prompt: str
    editing_prompt: str
    editing_instruction: str = ""
    editing_type_id: str = ""
    blended_word: str = ""
    mask: tuple[Number, ...] = ()


class _TedCase(BaseModel):
    img_name: str
    target_text: str
    source_text: str = ANY_PHOTO


def pie_bench(folder: Path) -> tuple[Case, ...]:
    """The cases of PIE-Bench (Ju et al. 2024): `mapping_file.json` and the pictures in `annotation_images`.

    Raises PhotoError where the folder does not hold them.
    """
    entries = _read(folder / "mapping_file.json", TypeAdapter(dict[str, _PieCase]))
    pictures = folder / "annotation_images"
    return tuple(_pie_case(pictures, name, entry) for name, entry in entries.items())


def _pie_case(pictures: Path, name: str, entry: _PieCase) -> Case:
    words = entry.blended_word.split()
    if len(entry.mask) % 2:
        raise PhotoError(f"The mask of case {name} is not of pairs of numbers; get the benchmark's list again.")
    return Case(
        name,
        _inside(pictures, entry.image_path),
        entry.editing_type_id,
        _plain(entry.original_prompt),
        _plain(entry.editing_prompt),
        entry.editing_instruction.strip(),
        (words[0], words[1]) if len(words) == 2 else None,
        tuple(zip(entry.mask[::2], entry.mask[1::2], strict=True)),
    )


def _plain(prompt: str) -> str:
    """Without the brackets around what differs."""
    return " ".join(prompt.replace("[", "").replace("]", "").split())


def tedbench(folder: Path) -> tuple[Case, ...]:
    """The cases of TEDBench (Kawar et al. 2023): `input_list.json` and the pictures in `originals`.

    It does not say what the photos show; where an entry has been given a `source_text`, that is used, else “a photo”.
    Raises PhotoError where the folder does not hold them.
    """
    entries = _read(folder / "input_list.json", TypeAdapter(list[_TedCase]))
    return tuple(
        Case(
            f"{entry.img_name}: {entry.target_text}",
            _inside(folder / "originals", entry.img_name),
            "",
            entry.source_text,
            entry.target_text,
        )
        for entry in entries
    )


def _read(file: Path, adapter: TypeAdapter[Entries]) -> Entries:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise PhotoError(f"“{file.name}” is too large to be a benchmark's list of cases; get it again.")
        return adapter.validate_json(disk.read_bytes(file))
    except OSError as error:
        raise PhotoError(
            f"“{file}” cannot be read ({error.strerror}); name the folder that the benchmark was unpacked to."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ", ".join(map(str, first["loc"])) or "its beginning"
        raise PhotoError(f"“{file.name}” is not a benchmark's list ({place}: {first['msg']}); get it again.") from error


def _inside(folder: Path, name: str) -> Path:
    """A file of the folder; raises PhotoError for a name that leads out of it, or nowhere."""
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts or "\0" in name:
        raise PhotoError(f"“{name}” lies outside the benchmark's folder; get the benchmark's list again.")
    return path


@dataclass(frozen=True)
class Protocol:
    """One benchmark. cases: read from its folder; published: what papers report of it, by figure of this program (see
    nti_desktop.evaluation.measuring), of whom.
    """

    title: str
    cases: Callable[[Path], tuple[Case, ...]]
    published: Mapping[str, Mapping[str, float]]


PROTOCOLS: Mapping[str, Protocol] = {
    "pie-bench": Protocol(
        BENCHMARK,
        pie_bench,
        {
            **{
                str(row.method): {
                    "psnr": row.published.psnr,
                    "lpips": 1000 * row.published.lpips,
                    "clip": row.published.clip,
                }
                for row in METHODS.values()
                if row.published is not None
            },
            "InfEdit (Xu et al. 2024)": {"psnr": 28.5, "lpips": 47.6},
            "h-Edit-R (Nguyen et al. 2025)": {"clip": 25.6},
        },
    ),
    "tedbench": Protocol("TEDBench (Kawar et al. 2023, arXiv 2210.09276)", tedbench, {}),
}
