"""The commands and their options."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TypeAlias

from nti_desktop import __version__
from nti_desktop.cli import (
    demo,
    doctor,
    edit,
    evaluate,
    export,
    info,
    invert,
    keeping,
    methods,
    models,
    recover,
    series,
    teaching,
    writing,
)
from nti_desktop.cli.terminal import note
from nti_desktop.models.library.catalog import BUILT_IN_ID
from nti_desktop.photo.export.targets import Conflict
from nti_desktop.photo.frame import Area
from nti_desktop.photo.reading.header import MOST_PIXELS
from nti_desktop.recipe.methods import Method
from nti_desktop.recipe.parameters import GUIDANCE, PARAMETERS, STEPS, WEIGHT
from nti_desktop.recipe.recipe import Lot, Reweighting

SAMPLE = "--sample"
RETURN_TO = "--return-to"
COMMANDS = ("invert", "edit", "series", "export", "info", "recover", "methods", "models", "demo", "doctor", "evaluate")
_GOES_ON = "Stopped; what was made is kept, and the same command goes on."
_BEST = "default: what is best on this model"
_ABOUT = (
    "Edit a photo by changing the sentence that describes it. Without a command, or with a picture, opens the window."
)


class _Parser(argparse.ArgumentParser):
    """Says wrong use in one sentence."""

    def error(self, message: str) -> NoReturn:
        note([f"{message[:1].upper()}{message[1:]}; see “{self.prog} --help”."])
        self.exit(2)


def parse(given: Sequence[str]) -> argparse.Namespace:
    """The options; `run` is the function that does the work. Raises SystemExit after --help, with 2 on wrong use."""
    return program_parser().parse_args(given)


def program_parser() -> argparse.ArgumentParser:
    """Build the parser of all that can be asked for."""
    parser = _Parser(prog="nti-desktop", description=_ABOUT, allow_abbrev=False)
    parser.set_defaults(stopped=None)  # what is said of an interrupt; what the work itself says of it where None
    parser.add_argument("--version", action="version", version=f"nti-desktop {__version__}")
    parser.add_argument(SAMPLE, action="store_true", help="open the window with a sample")
    parser.add_argument(RETURN_TO, metavar="FILE", help="open the window with a raw editor's file, to be replaced")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name: str, about: str) -> argparse.ArgumentParser:
        return _command(commands, name, about)

    _invert(
        command("invert", "Prepare a photo: find the way back to the noise that makes this very photo; needed once.")
    )
    _edit(command("edit", "Make a version of the photo by changing the words that describe it."))
    _series(
        command("series", "Tell a story on a photo, or make the same edit on many: a version for each, and one sheet.")
    )
    _export(command("export", "Write a version at the photo's full size."))
    _info(command("info", "Say what is known of a photo or a project."))
    _recover(command("recover", "Bring back a damaged or missing project as it was before its last save."))
    command("methods", "Say how photos can be prepared: what each method is good for, costs and keeps.").set_defaults(
        run=methods.run
    )
    _models(commands)
    _demo(command("demo", "Invert a sample, make three edits, write pictures and a contact sheet."))
    _doctor(
        command("doctor", "Look at this computer and the program and try both; with --model, try a model on a photo.")
    )
    _evaluate(command("evaluate", "Run a published benchmark of photo editing that you have on this computer."))
    return parser


_Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


def _command(commands: _Commands, name: str, about: str) -> argparse.ArgumentParser:
    added = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
    added.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")
    return added


def _models(commands: _Commands) -> None:
    about = "Say which models there are; download, add, teach, verify and remove them."
    parser = commands.add_parser("models", help=about, description=about, allow_abbrev=False)
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    models.add_commands(lambda name, about: _command(below, name, about))
    teach = _command(below, "teach", "Teach a model a word by a few photos of a thing.")
    teaching.add_options(teach)
    teach.set_defaults(stopped=_GOES_ON)
    _device(teach)


def _invert(parser: argparse.ArgumentParser) -> None:
    _photo(parser)
    parser.add_argument("--prompt", required=True, metavar="TEXT", help="what the photo shows, in words")
    parser.add_argument(
        "--complete", action="store_true", help="let the model say what it sees besides, the ground and the light"
    )
    parser.add_argument(
        "--model",
        default=BUILT_IN_ID,
        metavar="ID",
        help="“studio”, a downloaded model's id, or a model's folder or file",
    )
    parser.add_argument(
        "--area", type=_area, metavar="X,Y,W,H", help="only this rectangle, in pixels, which gets all of the resolution"
    )
    _method(parser)
    parser.add_argument(
        "--schedule", choices=("published",), help="of null-text, which is the method where none is named"
    )
    _steps(parser)
    parser.add_argument(GUIDANCE.flag, type=float, metavar="W", help=_BEST)
    _device(parser)
    parser.set_defaults(run=invert.run)


def _edit(parser: argparse.ArgumentParser) -> None:
    _photo(parser)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument(
        "--look",
        type=Path,
        metavar="OTHER",
        help="give it the light, the weather and the film of this photo, as far as the model has words for them",
    )
    asked.add_argument(
        "--to",
        metavar="TEXT",
        help="what the photo should show, in words, an order, or what is to stand in the mask; “(fog:1.2)” and “fog++” "
        'give a word more weight; "" with a model made for inpainting removes what is in the mask',
    )
    parser.add_argument(
        WEIGHT.flag,
        type=_weight,
        action="append",
        default=[],
        metavar="WORD=X",
        help=WEIGHT.flag_help,
    )
    parser.add_argument(
        "--reweight",
        type=Reweighting,
        choices=list(Reweighting),
        default=Reweighting.EMBEDDING,
        help="what weights act on: all that the sentence says (embedding), or the word's own attention, as published",
    )
    parser.add_argument(
        "--blend", action="append", default=[], metavar="WORD", help="confine the change to where this word is"
    )
    parser.add_argument(
        "--keep", action="append", default=[], metavar="WORD", help="take this word's place out of the change"
    )
    parser.add_argument(
        "--mask",
        type=_mask,
        action="append",
        default=[],
        metavar="X,Y,W,H",
        help="change only this rectangle of the photo, in pixels, or what lies within a line “X,Y X,Y X,Y …”; may be "
        "given several times",
    )
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="OTHER",
        help="lay the thing in this picture into the mask, in the photo's light; --to says what is to be seen then. By "
        "a model made for inpainting, which wants an IP-Adapter: draw after it, also with an empty --to",
    )
    parser.add_argument(
        "--picture-area",
        type=_area,
        metavar="X,Y,W,H",
        help="only this part of it, closely around the thing; default: its middle square",
    )
    for parameter in PARAMETERS:
        if parameter.flag and parameter is not WEIGHT:
            parser.add_argument(parameter.flag, type=float, metavar="F", help=parameter.flag_help)
    parser.add_argument("--seed", type=int, metavar="N", help="of orders, resample and inpaint: another try")
    parser.add_argument(
        "--lot",
        type=Lot,
        choices=list(Lot),
        help="of orders and of resample: the photo held, its own noise, or noise by the seed alone",
    )
    stands_on = parser.add_mutually_exclusive_group()
    stands_on.add_argument(
        "--model",
        metavar="MODEL",
        help="give this model an order, or with --mask what to draw there; nothing needs to be prepared",
    )
    stands_on.add_argument(
        "--inversion", metavar="ID", help="which preparation to edit (see info); default: the last that was described"
    )
    parser.add_argument("--name", metavar="NAME", help="what to call the version")
    _device(parser)
    writing.add_options(parser, required=False)
    parser.epilog = "“WORD#2” is the second such word."
    parser.set_defaults(run=edit.run)


def _series(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO", help="or a folder, for all photos in it")
    edits = parser.add_mutually_exclusive_group(required=True)
    edits.add_argument(
        "--frame",
        dest="frames",
        action="append",
        metavar="TEXT",
        help="what the next picture of a story shows; things stay as they were said to be until it says otherwise",
    )
    edits.add_argument("--edit", metavar="TEXT", help="what every photo should show, as “edit --to”")
    edits.add_argument(
        "--from", dest="version_of", type=Path, metavar="PHOTO", help="make the edit of a version of this photo"
    )
    parser.add_argument("--name", metavar="NAME", help="which version of that photo; default: the one shown last")
    parser.add_argument(
        "--prompt", metavar="TEXT", help="what photos show that were not prepared yet, and what the edits are said of"
    )
    parser.add_argument(
        "--describe",
        nargs=2,
        action="append",
        default=[],
        metavar=("PHOTO", "TEXT"),
        help="what this photo shows; the change is made in these words",
    )
    parser.add_argument("--model", metavar="ID", help="prepare with this model; default: “studio”")
    _method(parser)
    _steps(parser)
    _device(parser)
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="write one picture with all of them")
    parser.add_argument(
        "--if-exists", type=Conflict, choices=list(Conflict), default=Conflict.REFUSE, help="default: refuse"
    )
    parser.epilog = "What is there already is not made again, so the same command goes on where it was stopped."
    parser.set_defaults(run=series.run, stopped=_GOES_ON)


def _export(parser: argparse.ArgumentParser) -> None:
    _photo(parser)
    parser.add_argument("--name", required=True, metavar="NAME", help="which version")
    _device(parser)
    writing.add_options(parser, required=True)
    parser.set_defaults(run=export.run)


def _info(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", type=Path, metavar="PHOTO|FILE.nti")
    parser.set_defaults(run=info.run)


def _recover(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", type=Path, metavar="PHOTO|FILE.nti")
    parser.set_defaults(run=recover.run)


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="FOLDER", help="default: out")
    parser.set_defaults(run=demo.run)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", type=Path, nargs="?", metavar="PHOTO", help="default: a sample")
    parser.add_argument("--model", metavar="ID", help="a model's id, folder or file; default: the built-in one")
    parser.add_argument("--prompt", metavar="TEXT", help="what the photo shows, in words")
    parser.add_argument("--to", metavar="TEXT", help="what the edit should show")
    _method(parser)
    _steps(parser)
    parser.add_argument("--compare", action="store_true", help="make the edit by every method, side by side")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="FOLDER", help="for the sheet; default: out")
    _device(parser)
    parser.set_defaults(run=doctor.run)


def _evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("benchmark", choices=("pie-bench", "tedbench"), metavar="pie-bench|tedbench")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the benchmark was unpacked to")
    parser.add_argument("--model", default=BUILT_IN_ID, metavar="ID", help="a model's id, folder or file")
    parser.add_argument(
        "--method",
        type=Method,
        choices=list(Method),
        action="append",
        default=[],
        help="may be given several times; default: what is best on this model",
    )
    parser.add_argument("--judges", type=Path, metavar="FOLDER", help="weights of CLIP, DINO and LPIPS, see the README")
    parser.add_argument("--cases", type=int, metavar="N", help="only the first so many")
    parser.add_argument(
        "--out", type=Path, default=Path("out/evaluation.jsonl"), metavar="FILE", help="a line for each case; resumable"
    )
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="keep the edited pictures here")
    _device(parser)
    parser.set_defaults(run=evaluate.run, stopped=_GOES_ON)


def _steps(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(STEPS.flag, type=int, metavar="N", help=_BEST)


def _method(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--method",
        type=Method,
        choices=list(Method),
        help=f"{_BEST}; “nti-desktop methods” says what each is good for",
    )


def _device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        type=_device_kind,
        metavar="KIND",
        help="what computes: cuda (a graphics card, of several cuda:1 is the second), xpu (Intel graphics), mps (Apple "
        "graphics) or cpu (the processor); default: the best one there is",
    )


def _device_kind(text: str) -> str:
    if not re.fullmatch(r"(cuda|xpu)(:\d{1,2})?|mps|cpu", text):
        raise argparse.ArgumentTypeError(f"“{text}” is no kind of device; choose cuda, xpu, mps or cpu")
    return text


def _photo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", type=Path, metavar="PHOTO")
    keeping.add_option(parser)


def _area(text: str) -> Area:
    """ "10,20,640,480" -> Area(10, 20, 640, 480)."""
    try:
        x, y, width, height = (_pixels(number) for number in text.split(","))
        if min(x, y) >= 0 and min(width, height) >= 1:
            return Area(x, y, width, height)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"“{text}” is not of the form X,Y,W,H in pixels, for example 100,80,640,480")


def _pixels(text: str) -> int:
    """Read a number of pixels. Raises ValueError for one that is none, or that no photo has."""
    number = int(text)
    if abs(number) > MOST_PIXELS:
        raise ValueError("more than a photo has")
    return number


def _mask(text: str) -> tuple[tuple[int, int], ...]:
    """ "10,20,640,480" -> its four corners; "10,20 640,20 300,480" -> these points."""
    if " " not in text.strip():
        area = _area(text)
        right, bottom = area.x + area.width, area.y + area.height
        return (area.x, area.y), (right, area.y), (right, bottom), (area.x, bottom)
    try:
        points = tuple((_pixels(x), _pixels(y)) for x, y in (point.split(",") for point in text.split()))
    except ValueError:
        points = ()
    if len(points) < 3:
        raise argparse.ArgumentTypeError(f"“{text}” is not a line of three points or more, X,Y X,Y X,Y in pixels")
    return points


def _weight(text: str) -> tuple[str, float]:
    """ "red=2" -> ("red", 2.0)."""
    word, mark, value = text.rpartition("=")
    try:
        if mark and word:
            return word, float(value)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"“{text}” is not of the form WORD=NUMBER, for example red=2")
