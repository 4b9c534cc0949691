"""`negative_prompt`: the source's own conditional embedding in place of the null embedding (Miyake et al. 2023)."""

from nti_desktop.engine.methods import pinned
from nti_desktop.engine.methods.denoise import Edit, Task, denoise, source_of

prepare = pinned.prepare
source = source_of


def render(task: Task) -> Edit:
    """One edit, guided away from the source prompt."""
    return denoise(task, task.model.embed(task.prepared.settings.prompt))
