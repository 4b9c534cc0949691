"""The inversion methods, one file each, one contract: `prepare` once, slowly; `render` for every edit."""

from types import ModuleType

from nti_desktop.engine.methods import negative_prompt, null_text, pinned, residual
from nti_desktop.recipe.settings import Method

METHODS: dict[Method, ModuleType] = {
    Method.NULL_TEXT: null_text,
    Method.RESIDUAL: residual,
    Method.NEGATIVE_PROMPT: negative_prompt,
    Method.PINNED: pinned,
}
