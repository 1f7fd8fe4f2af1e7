"""Writing files so that nothing of the user's is lost: checked before a long run, whole or not at all afterwards."""

import contextlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from style_helpers.language import _


class FileError(OSError):
    """A file that cannot be written; the message is one sentence: which, why, what would be right."""


class ExistsError(FileError):
    """A file that is there already, and that nobody allowed to be replaced."""

    def __init__(self, path: Path):
        super().__init__(_("{file} exists already; choose another name.", file=quote(path)))


def check(path: str | os.PathLike, endings: tuple[str, ...], inputs: Iterable[str | os.PathLike] = (), overwrite=False):
    """Refuses, before a long run, a path that `write` could not write afterwards. Leaves no file and changes none.

    `endings` are the allowed ones, such as (".png",). A path that is the same file as one of `inputs`, however it is
    spelt, is refused even with `overwrite`. Raises FileError.
    """
    path = Path(path)
    if any(_same(path, Path(other)) for other in inputs):
        raise FileError(
            _(
                "{file} is used for something else in this command; choose another name for the result.",
                file=quote(path),
            )
        )
    if os.path.isdir(path):
        said = _(
            "{file} is a folder; give the name of a file to write, ending in {ending}.",
            file=quote(path),
            ending=endings[0],
        )
        raise FileError(said)
    if path.suffix.lower() not in endings:
        allowed = _(" or ").join(endings)
        raise FileError(_("{file} must be a name that ends in {allowed}.", file=quote(path), allowed=allowed))
    _check_place(path, overwrite)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.lstat(path)  # fails otherwise for a name that this system does not allow
        # Trying is the only sure test of the folder's permissions; under another name, so that of two programs
        # at work on the same path neither removes the other's file
        trial = _beside(path)
        open(trial, "xb").close()
        trial.unlink()
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise FileError(_cannot_write(path, error)) from error


def write(path: str | os.PathLike, content: bytes, overwrite: bool = False) -> Path:
    """Writes a file that appears whole or not at all; one that exists is replaced only with `overwrite`.

    What is replaced keeps who may read it. Returns the path. Raises FileError.
    """
    path = Path(path)
    _check_place(path, overwrite)
    temporary = _beside(path)
    try:
        _sweep(path.parent)
        with open(temporary, "xb") as file:
            file.write(content)
        if overwrite:
            with contextlib.suppress(OSError):  # there is none yet, or this file system has no modes
                shutil.copymode(path, temporary)
            os.replace(temporary, path)
        else:
            _take_name(temporary, path)
    except FileExistsError as error:
        raise ExistsError(path) from error
    except (OSError, ValueError) as error:
        raise FileError(_cannot_write(path, error)) from error
    finally:
        with contextlib.suppress(OSError, ValueError):  # another error may be on its way
            temporary.unlink(missing_ok=True)
    return path


def elsewhere(path: str | os.PathLike) -> list[Path]:
    """Where to keep what could not be written to `path`: beside it, in the temporary folder, at home; new names all."""
    path = Path(path)
    name = f"{path.stem[:40]}-{secrets.token_hex(3)}{path.suffix}"
    return [folder / name for folder in (path.parent, Path(tempfile.gettempdir()), Path.home())]


def is_left_over(path: Path) -> bool:
    """Whether this is what `write` leaves behind when the program is killed in the middle."""
    return re.fullmatch(r"\.[0-9a-f]{16}\.part", path.name) is not None


def printable(text) -> str:
    """A text for a terminal: characters that it would act on, such as the escape that begins a colour, written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def quote(path) -> str:
    """A path for a sentence: printable, and in quotes."""
    return f"'{printable(path)}'"  # repr() would double each backslash of a Windows path


def _same(path: Path, other: Path) -> bool:
    if os.path.exists(path) and os.path.exists(other):  # Path.exists raises for a name that is too long
        return path.samefile(other)
    return path.absolute() == other.absolute()


def _check_place(path: Path, overwrite: bool) -> None:
    if os.path.lexists(path.parent) and not os.path.isdir(path.parent):
        raise FileError(_("{folder} is no folder, so {file} cannot be in it; choose another.", **_names(path)))
    if not os.path.isdir(path.parent):
        raise FileError(_("There is no folder {folder} for {file}; make it first.", **_names(path)))
    if os.path.lexists(path) and not overwrite:
        raise ExistsError(path)
    if os.path.exists(path) and not os.path.isfile(path):
        said = _("{file} is not an ordinary file, so it is not replaced; choose another name.", file=quote(path))
        raise FileError(said)


def _cannot_write(path: Path, error: OSError | ValueError) -> str:
    reason = getattr(error, "strerror", None) or error
    return _("{file} cannot be written into the folder {folder}: {reason}.", reason=reason, **_names(path))


def _names(path: Path) -> dict[str, str]:
    return {"file": quote(path.name), "folder": quote(path.parent)}


def _beside(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(8)}.part")


def _take_name(temporary: Path, path: Path) -> None:
    """Gives a file its name, or raises FileExistsError. At no moment does an empty file bear that name."""
    if os.name == "nt":
        os.rename(temporary, path)  # refuses a name that is taken
        return
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links, such as a USB stick's: here a kill leaves an empty file
        open(path, "xb").close()
        try:
            os.replace(temporary, path)
        except BaseException:
            path.unlink()
            raise


def _sweep(folder: Path) -> None:
    """Removes what killed programs left behind: all that is older than an hour, as no writing takes so long."""
    for path in folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            if is_left_over(path) and time.time() - path.lstat().st_mtime > 3600:
                path.unlink()
