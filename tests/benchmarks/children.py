"""What is measured in a process of its own, so that nothing of the others' lies in its memory."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
QUIET = "default.warning=false"  # the offscreen platform complains of every hint about a size


def ask(module: str, *arguments: str, **environment: str) -> Any:
    """Run a module of this package; the last line of what it prints, read as JSON.

    Raises subprocess.CalledProcessError when it fails; what it complains of goes to this process's own stderr.
    """
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])
