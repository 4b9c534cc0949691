"""What has changed, so that whoever shows it redraws that alone."""

from enum import Flag, auto


class Change(Flag):
    """Of the open photo."""

    OPENING = auto()  # a photo is on its way in, or no longer
    EDIT = auto()  # the sentences, or what the edit asks for
    AREA = auto()  # which one is worked on, or which there are
    VERSIONS = auto()  # which there are, or which is open; what there is to save
    PREPARATION = auto()  # how far it is, or how long it takes
    MODEL = auto()  # which is chosen, or found
    PICTURE = auto()  # what is on screen, or waits to be

    EVERYTHING = OPENING | EDIT | AREA | VERSIONS | PREPARATION | MODEL | PICTURE
