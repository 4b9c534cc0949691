"""A sentence below a control, in smaller and paler letters."""

from PySide6.QtWidgets import QLabel


def explanation(text: str) -> QLabel:
    """Return a label that says it in as many lines as it needs."""
    label = QLabel(text)
    label.setProperty("role", "quiet")
    label.setWordWrap(True)
    return label
