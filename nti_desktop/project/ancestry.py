"""Which earlier states of its file a project comes from, so that what another program has deleted is told from what it
never had: it may have gone on from an older state, or begun anew where the file was gone.

A state is named by the digest of its signature; the file names those before it, the oldest first.
"""

import re
from collections.abc import Iterable

from nti_desktop.project.archive import Archive, Unsound

MEMBER = "ancestry.txt"
MOST = 100  # states; what was changed since an older one is kept, whatever became of it elsewhere
_STATE = re.compile(r"[0-9a-f]{64}")


def states_in(archive: Archive) -> tuple[str, ...]:
    """Read the states that a file comes from; none where nothing can be read of them."""
    try:
        text = archive.read(MEMBER, 65 * MOST).decode("ascii")
    except (Unsound, ValueError):
        return ()
    return tuple(_STATE.findall(text))


def written(states: Iterable[str]) -> bytes:
    """Write down the newest of these states, each once."""
    newest = tuple(dict.fromkeys(states))[-MOST:]
    return "".join(f"{state}\n" for state in newest).encode("ascii")
