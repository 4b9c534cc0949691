"""NTI Desktop: edit a photo by changing the sentence that describes it."""

__version__ = "0.1.0"
PROGRAM = f"nti-desktop {__version__}"  # as files name their writer
