"""What processes that died while they wrote have left in the program's own folders, and too many old journals. Beside a
photo it goes when the photo is opened or anything is written there.
"""

from nti_desktop.core import atomic
from nti_desktop.models.hub.client import INCOMING
from nti_desktop.models.library.fingerprints import cache_file
from nti_desktop.models.library.places import places_file, read_places
from nti_desktop.project import journal
from nti_desktop.project.location import data_folder


def sweep_program_folders() -> None:
    """Remove it; the store of models, which may lie on a slow drive, comes last."""
    journal.tidy()
    store = read_places().store
    for folder in (places_file().parent, cache_file().parent, data_folder(), store, *(store / INCOMING).glob("*/")):
        atomic.sweep(folder)
