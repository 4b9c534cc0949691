"""The real size once: Stable Diffusion 1.5's structure in full width, with random weights, on a processor."""

import json
import subprocess
import sys
from typing import Any

import pytest

STEPS, INNER_STEPS = 3, 2


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_published_size_is_inverted_and_edited_on_a_processor() -> None:
    """256x256 on two threads, 5.4 GB: three timesteps with two inner steps each, and an edit.

    By the processor's own clock 147 seconds of one core, so about 80 on two that are free; 470 on two that others kept
    busy.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.full_size", "256", str(STEPS), str(INNER_STEPS)],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["weights"] == 4 * (859_520_964 + 83_653_863 + 123_060_480)
    # up, conditional, forward and backward of each inner step, and where it lands
    assert found["parts"]["null-text"]["rows"] == STEPS * (1 + 1 + 2 * INNER_STEPS + 1)
    assert found["parts"]["edit"]["rows"] == STEPS + 2 * STEPS
    process = found["process"]
    assert process is None or found["weights"] < process < 8e9
