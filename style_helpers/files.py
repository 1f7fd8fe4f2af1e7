"""Writing files so that nothing of the user's is lost: checked before a long run, whole or not at all afterwards."""

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path


class FileError(OSError):
    """A file that cannot be written; the message is one sentence: which, why, what would be right."""


def check(path: str | os.PathLike, endings: tuple[str, ...], inputs: Iterable[str | os.PathLike] = (), overwrite=False):
    """Refuses, before a long run, a path that `write` could not write afterwards. Leaves no file and changes none.

    `endings` are the allowed ones, such as (".png",). A path that is the same file as one of `inputs`, however it is
    spelt, is refused even with `overwrite`. Raises FileError.
    """
    path = Path(path)
    if any(_same(path, Path(other)) for other in inputs):
        raise FileError(
            f"{quote(path)} is used for something else in this command; choose another name for the result."
        )
    if os.path.isdir(path):
        raise FileError(f"{quote(path)} is a folder; give the name of a file to write, ending in {endings[0]}.")
    if path.suffix.lower() not in endings:
        raise FileError(f"{quote(path)} must end in {' or '.join(endings)}, the kinds that can be written here.")
    _check_place(path, overwrite)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.lstat(path)  # fails otherwise for a name that this system does not allow
        # Trying is the only sure test of the folder's permissions; under another name, so that of two programs
        # at work on the same path neither removes the other's file
        trial = _beside(path)
        open(trial, "xb").close()
        trial.unlink()
    except OSError as error:
        raise FileError(_cannot_write(path, error)) from error


def write(path: str | os.PathLike, content: bytes, overwrite: bool = False) -> Path:
    """Writes a file that appears whole or not at all; one that exists is replaced only with `overwrite`.

    Returns the path. Raises FileError.
    """
    path = Path(path)
    _check_place(path, overwrite)
    temporary = _beside(path)
    unfinished = [temporary]
    try:
        with open(temporary, "xb") as file:
            file.write(content)
        if not overwrite:
            open(path, "xb").close()  # takes the name, or fails if it was taken since the check
            unfinished.append(path)
        os.replace(temporary, path)
        unfinished.clear()
    except FileExistsError as error:
        raise FileError(_exists_already(path)) from error
    except OSError as error:
        raise FileError(_cannot_write(path, error)) from error
    finally:
        for file in unfinished:
            file.unlink(missing_ok=True)
    return path


def quote(path) -> str:
    """A path for a sentence, in quotes, with characters that a terminal would act on written out."""
    # repr() would double each backslash of a Windows path
    return "'" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(path)) + "'"


def _same(path: Path, other: Path) -> bool:
    if os.path.exists(path) and os.path.exists(other):  # Path.exists raises for a name that is too long
        return path.samefile(other)
    return path.absolute() == other.absolute()


def _check_place(path: Path, overwrite: bool) -> None:
    if not os.path.isdir(path.parent):
        raise FileError(f"There is no folder {quote(path.parent)} for {quote(path.name)}; make it first.")
    if os.path.lexists(path) and not overwrite:
        raise FileError(_exists_already(path))


def _exists_already(path: Path) -> str:
    return f"{quote(path)} exists already; choose another name, or allow replacing it (overwrite=True, or --force)."


def _cannot_write(path: Path, error: OSError) -> str:
    return f"{quote(path.name)} cannot be written into the folder {quote(path.parent)}: {error.strerror}."


def _beside(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(8)}.part")
