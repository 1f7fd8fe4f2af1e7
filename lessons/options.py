"""What the programs for instructors take on their command lines, in the reader's language."""

import argparse
import os
from pathlib import Path

import translation

from style_helpers import files
from style_helpers.__main__ import Parser
from style_helpers.language import ENGLISH, VARIABLE, _, chosen


def parser(command: str, description: str) -> Parser:
    """Of a program that `python start.py` runs by this command, with the options that all of them have."""
    made = Parser(prog=f"python start.py {command}", description=description)
    spoken = chosen() if chosen() in translation.languages() else ENGLISH
    shown = _("(default: {value})", value=spoken)
    made.add_argument("--language", choices=translation.languages(), default=spoken, help=shown)
    made.add_argument("--force", action="store_true", help=_("replace files that exist"))
    return made


def read(made: Parser, arguments: list[str] | None) -> argparse.Namespace:
    """The options. From now on all is said in the language that they name, also by what is started."""
    options = made.parse_args(arguments)
    os.environ[VARIABLE] = options.language
    return options


def a_folder(name: str) -> Path:
    """A folder to write into, for argparse: an empty name, as of a variable that is not set, would be this one."""
    if not name or (os.path.lexists(name) and not os.path.isdir(name)):
        said = _("{name} is no folder: give the name of one, or a new name", name=files.quote(name))
        raise argparse.ArgumentTypeError(said)
    return Path(name)
