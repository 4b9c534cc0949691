"""nti-desktop recover: a project as it was before its last save, where its file is damaged or gone."""

from argparse import Namespace

from nti_desktop.cli.terminal import tell
from nti_desktop.core.progress import CancelToken
from nti_desktop.editing.recovery import bring_back, said


def run(options: Namespace, cancel: CancelToken) -> int:
    """Bring back a project and say where the damaged file is."""
    recovered = bring_back(options.photo)
    tell(
        [said(recovered)],
        {"sidecar": str(recovered.sidecar), "kept": None if recovered.kept is None else str(recovered.kept)},
        options.json,
    )
    return 0
