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


class AutoencoderMissing(ModelError):
    """A file holds all of a model but what draws its pictures; it can be given one."""


class EngineError(NtiError):
    """A job failed on the device."""


class OutOfMemory(EngineError):
    """The device has too little memory for the job; the next job can still run."""


class DeviceStopped(EngineError):
    """The device failed at its work; until the program is started again another one does it."""


class Cancelled(NtiError):
    """The user stopped the job; nothing was changed."""


def outside_fault(error: BaseException) -> NtiError | None:
    """The sentence for what the system refused, whatever a library made of it; None for a fault of the program."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case MemoryError():
                return NtiError("There is too little memory for this; close other programs, or allow this one more.")
            case RuntimeError() if "can't start new thread" in str(cause):
                return NtiError(
                    "The system allows no more threads; close other programs, or allow this one more memory."
                )
            case ImportError():
                return NtiError(
                    f"A part of the program cannot be loaded ({cause}); give it more memory, or install it again."
                )
            case OSError():
                where = f"“{cause.filename}”" if cause.filename else "A file"
                return NtiError(f"{where} cannot be used ({cause.strerror or cause}); check it and its folder.")
        cause = cause.__cause__ or cause.__context__
    return None
