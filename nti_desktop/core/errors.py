"""Errors a person can act on: `str(error)` is one sentence that says what is wrong and what to do."""


class NtiError(Exception):
    """Base of every error that is shown to the user as it stands."""


class RecipeError(NtiError):
    """An edit or a description asks for something that is not there (a word, a range, an empty prompt)."""


class PhotoError(NtiError):
    """A picture cannot be opened, or an export cannot be written."""


class SidecarError(NtiError):
    """A project file cannot be read or written; what was there before is untouched."""


class ModelError(NtiError):
    """A model is missing, broken or of a kind this program cannot use."""


class EngineError(NtiError):
    """A job failed on the device."""


class OutOfMemory(EngineError):
    """The device has too little memory for the job; the next job can still run."""


class Cancelled(NtiError):
    """The user stopped the job; nothing was changed."""
