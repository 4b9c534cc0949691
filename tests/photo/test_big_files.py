"""100 megapixels with 16 bits: opened, edited and exported in sane memory, upright and lying on its side."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from tests.benchmarks.children import ask
from tests.picture_files import smooth_picture, tiff_file

WIDTH, HEIGHT = 11_600, 8_700
MOST = 2_500  # megabytes


@pytest.mark.slow
@pytest.mark.parametrize(("orientation", "suffix"), [(1, ".tif"), (6, ".tif"), (6, ".png"), (6, ".jpg")])
def test_a_deep_photo_of_100_megapixels_is_edited_and_exported_in_sane_memory(orientation: int, suffix: str) -> None:
    row = smooth_picture(1, WIDTH).astype("<u2") * 257
    rows = np.broadcast_to(row, (HEIGHT, WIDTH, 3)).tobytes()
    with TemporaryDirectory() as folder:  # pytest would keep 600 MB of each run
        path, target = Path(folder) / "large.tif", Path(folder) / f"edited{suffix}"
        path.write_bytes(tiff_file(rows, WIDTH, HEIGHT, bits=(16, 16, 16), extra=[(274, 3, [orientation])]))
        done = ask("big_files", "export", str(path), str(target))
    assert not done["torch"]
    assert done["peaks"]["write"] * 1.048576 < MOST
    assert done["peaks"]["open"] * 1.048576 < 1_000  # 0.3 GB of pixels, and as many on their side
