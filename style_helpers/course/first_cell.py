"""What the first cell of every notebook says: that all is ready, or one sentence for each thing to mend."""

import contextlib
import os
import sys
import warnings
from pathlib import Path

from IPython import get_ipython

from style_helpers import __version__, devices, weights
from style_helpers.classroom import doctor
from style_helpers.course import alt_texts, letters
from style_helpers.language import ENGLISH, VARIABLE, _, sentences
from style_helpers.settings import shortened


def first_look(course_version: str, language: str = ENGLISH):
    """What the first cell of a notebook says: that all is ready, or one sentence for each thing to mend.

    course_version: of the course that the notebook was built for. language: its code, such as "zh". Takes about a
    second, fetches nothing, measures nothing, and never stops the notebook, whatever it finds.
    """
    looks = (
        lambda: [doctor.version(course_version), doctor.course(Path.cwd())],
        lambda: doctor.folder_in_use(thorough=False),
        lambda: [doctor.writing(Path.cwd())],
        lambda: [doctor.weights_here()],
        lambda: [doctor.device()],
        lambda: [doctor.memory()],
        lambda: [doctor.disk()],
        lambda: [] if "google.colab" in sys.modules else [doctor.packages(), doctor.widgets()],
        lambda: [doctor.kernels()],
    )
    os.environ[VARIABLE] = language  # whatever the language of the menus: a lesson speaks its own
    with contextlib.suppress(Exception):
        alt_texts.follow(get_ipython(), language)
        letters.lend(language)
    said = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for look in looks:
            with contextlib.suppress(Exception):  # a look that fails on an odd machine must not stop a lesson
                said += [_mend(each) for each in look() if not each.good]
        with contextlib.suppress(Exception):
            said = said or [_ready()]
    print(*said, sep="\n")


def _mend(finding: doctor.Finding) -> str:
    return _("Please mend: {found}; {advice}.", found=finding.found, advice=finding.advice)


def _ready() -> str:
    said = _("Ready: style_helpers {version}, VGG-16 from {place}, on {where}.", version=__version__,
             place=weights.find("vgg16").source, where=devices.in_words(devices.choose()))  # fmt: skip
    quick = _("Quick mode is on: pictures are only begun.") if shortened(1000) < 1000 else ""
    return sentences(said, quick)
