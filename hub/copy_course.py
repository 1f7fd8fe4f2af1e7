"""Gives a learner the lessons: python hub/copy_course.py FOLDER copies what is not there yet and leaves the rest alone.

For both hubs: jupyterhub_config.py calls it before a learner's server starts, values.yaml when the container does.
"""

import os
import sys
from pathlib import Path

from style_helpers import files

COURSE = Path(__file__).resolve().parents[1]


def copy_course(folder: str | os.PathLike, course: Path = COURSE) -> list[Path]:
    """Copies the lessons, without solutions, into `folder`, which is made if need be. Returns the files that are new.

    A file that exists is never written: not one that the learner changed, and not one that we changed since. A learner
    who renames or deletes a lesson gets a fresh one at the next start. Raises OSError, with one sentence in it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lessons = sorted(course.glob("notebooks/[0-9]*.ipynb"))
    missing = [path for path in lessons if not os.path.lexists(folder / path.name)]
    return [files.write(folder / path.name, path.read_bytes()) for path in missing]


if __name__ == "__main__":
    try:
        print(f"{len(copy_course(sys.argv[1]))} files are new.")
    except OSError as error:
        sys.exit(f"The lessons could not be copied into {files.quote(sys.argv[1])}: {error}")
