"""Torch's libraries, loaded before torch."""

import subprocess
import sys

import pytest

LOADED = """
import sys
from pathlib import Path
from nti_desktop.engine.libraries import load_libraries
load_libraries()
print("libtorch_cpu" in Path("/proc/self/maps").read_text(), "torch" in sys.modules)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not say what is loaded")
def test_libraries_are_there_before_torch_is_imported() -> None:
    said = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "False"]
