"""A window that cannot be opened says why, also to people who start the program from a menu."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A start that fails at the window; what is shown then is printed and closed.
_START = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from nti_desktop.cli import main
from nti_desktop.core.errors import ModelError
from nti_desktop.gui import app

def close():
    box = QApplication.activeModalWidget()
    print(box.text(), flush=True)
    box.accept()

def broken():
    QTimer.singleShot(0, close)
    raise eval(sys.argv[1])

app.MainWindow = broken
sys.exit(main([]))
"""


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("ModelError('The samples are damaged; install them again.')", "The samples are damaged; install them again."),
        ("PermissionError(13, 'Permission denied', '/a/b')", "“/a/b” cannot be used (Permission denied)"),
        ("ValueError('nonsense')", "The window cannot be opened (ValueError); the log file in “"),
    ],
)
def test_what_keeps_the_window_from_opening_is_shown_and_said(fault: str, sentence: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _START, fault], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.startswith(sentence)
    assert done.stdout.count("\n") == done.returncode == 1
    assert done.stderr
