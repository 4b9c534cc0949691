"""Training of the built-in model: `python -m nti_desktop.studio.train`, stage by stage, on what the renderer draws."""
