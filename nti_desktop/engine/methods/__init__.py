"""The inversion methods, one file each, one contract: `prepare` once, slowly; `render` for every edit."""

from importlib import import_module
from types import ModuleType

from nti_desktop.recipe.methods import Method

METHODS: dict[Method, ModuleType] = {method: import_module(f"{__name__}.{method.name.lower()}") for method in Method}
