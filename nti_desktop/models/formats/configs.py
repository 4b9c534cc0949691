"""The JSON files of a model folder, which are somebody else's."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nti_desktop.core import disk
from nti_desktop.core.errors import ModelError

LARGEST_JSON = 1 << 20  # bytes; real configs have a few thousand
SUPPORTED = "add a Stable Diffusion 1, 2 or SDXL model"  # what to do about a model that cannot be used

Config = Mapping[str, Any]


def read_config(folder: Path, file: str) -> Config:
    """A JSON object from a model folder, of a size a configuration may have. Raises ModelError in one sentence."""
    path = folder / file
    if not path.is_file():
        if not folder.exists():
            raise ModelError(f"“{folder}” is not there; plug in its drive, or choose another model.")
        raise ModelError(f"The model in “{folder.name}” lacks {file}; add it again, with all its folders.")
    if path.stat().st_size > LARGEST_JSON:
        raise ModelError(f"{file} in “{folder.name}” is far too large for a configuration; add the model again.")
    try:
        content = json.loads(disk.read_bytes(path).decode())
    except (ValueError, RecursionError) as error:  # broken text, broken JSON, numbers of thousands of digits
        raise ModelError(f"{file} in “{folder.name}” is damaged; add the model again.") from error
    if not isinstance(content, dict):
        raise ModelError(f"{file} in “{folder.name}” is not a configuration; add the model again.")
    return content
