"""A sentence below a control, in smaller and paler letters."""

from nti_desktop.gui.widgets.plain import Label


def explanation(text: str) -> Label:
    """Return a label that says it in as many lines as it needs."""
    label = Label(text)
    label.setProperty("role", "quiet")
    label.setWordWrap(True)
    return label
