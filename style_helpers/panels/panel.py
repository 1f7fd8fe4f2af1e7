"""What all panels share: one background thread, a line that tells what is going on, pictures for the page.

The thread talks to the page through widget traits only, at most four times a second. Handlers may come on the main
thread or, in JupyterLab 4 with ipykernel 7, on another; a lock lets one of them all in at a time. No handler waits for
the thread: what it asks to stop ends by itself, and what it lets go no longer has a say.
"""

import base64
import contextlib
import functools
import html
import io
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import ipywidgets
from PIL import Image
from torch import Tensor

from style_helpers import images
from style_helpers.fronts import Displayed, Front
from style_helpers.language import _

LEAST_SECONDS = 0.25  # between two updates of the page
EXPECTED_ERRORS = (ValueError, OSError, RuntimeError)  # whose messages are written for the user
WRAP = {"flex_flow": "row wrap", "align_items": "flex-start"}
NAMED = {"description_width": "initial"}  # a control's name in full


def handler(method: Callable) -> Callable:
    """For what a button or slider calls: one at a time, and an error becomes a sentence in the panel.

    When the background thread itself moves a slider, nothing is called: it draws what belongs to it.
    """

    @functools.wraps(method)
    def handle(self: "Panel", *_told):
        if self._work is not None and self._work.thread is threading.current_thread():
            return
        with self.lock:
            try:
                method(self)
            except Exception as error:
                self.complain(error)

    return handle


class Panel(Displayed, ipywidgets.VBox):
    """A box of controls with at most one background thread at work. Running its cell again ends the earlier one's.

    Subclasses call `start` with work to do, a function of a `Work`, and give handlers the decorator `handler`. What a
    panel needs that runs something is here, to be placed by it: run_button, which calls `_run_pressed`, stop_button,
    progress and time_left; `bar` is all four in a row.

    run, tooltip   the name of the button, and what it does: "Run" and "Begin" where nothing is given
    """

    _of_cells: "dict[str | type, tuple]" = {}  # noqa: RUF012  (shared by all on purpose)

    def __init__(self, run: str = "", tooltip: str = "", wide: str = "110px"):
        super().__init__()
        self.add_class("nst-panel")  # its look is in fronts/common.css
        self.lock = threading.RLock()
        self.status = ipywidgets.HTML()
        self.status.add_class("nst-says")
        self._work: Work | None = None  # the only one that may change the page
        self._last: threading.Thread | None = None  # of the newest work, let go or not
        run, tooltip = run or _("Run"), tooltip or _("Begin")
        self.run_button = ipywidgets.Button(description=run, tooltip=tooltip, button_style="primary")
        self.stop_button = ipywidgets.Button(
            description=_("Stop"), tooltip=_("End; what was reached stays"), disabled=True
        )
        self.run_button.layout.width = wide
        self.run_button.on_click(lambda button: self._run_pressed())
        self.stop_button.on_click(self.stop_pressed)
        self.progress = ipywidgets.FloatProgress(0, min=0, max=1, description=_("progress"))
        self.time_left = ipywidgets.Label()
        row = [self.run_button, self.stop_button, self.progress, self.time_left]
        self.bar = ipywidgets.HBox(row, layout={"flex_flow": "row wrap"})
        self._take_the_place_of_the_last()

    def _take_the_place_of_the_last(self):
        """What this cell made when it ran before ends its run, and is freed. What other cells made goes on.

        Where nobody says which cell it is, the earlier one of this kind ends its run.
        """
        cell, run = _cell()
        before, earlier = Panel._of_cells.get(cell or type(self), (None, []))
        same = cell is not None and run == before  # the same run of a cell may make several
        Panel._of_cells[cell or type(self)] = run, [*(earlier if same else []), weakref.ref(self)]
        for panel in [] if same else [found for each in earlier if (found := each())]:
            panel.stop()
            self._last = panel._last
            if cell is not None:
                panel.let_go()
                panel.free()

    def free(self):
        """Closes all that the page or ipywidgets keeps of it. Nothing of it may be shown any more.

        The notebook itself keeps what a cell gave, in `Out`: so the pictures that it holds are let go too.
        """
        for each in [*_inside(self), *_inside(self.bar), self.status]:  # a panel need not show them all
            for widget in (each, each.layout, getattr(each, "style", None)):
                if widget is not None:
                    widget.close()
            if isinstance(each, Front):
                each._trait_values.clear()

    @property
    def working(self) -> bool:
        return self._work is not None

    def start(self, do: "Callable[[Work], None]", said: str):
        """Does it in the background, where it waits for what is let go, and says so. Returns at once."""
        with self.lock:
            self.let_go()
            self._work = Work(self, do, self._last)
            self._last = self._work.thread
            self.add_class("nst-working")
            self.set_working(True)
            self.progress.value, self.time_left.value = 0, ""
            self.say(said)
            self._last.start()

    def stop(self):
        """Asks the background to end, and returns at once: a run ends after its evaluation, what is made is let go."""
        with self.lock:
            if self._work is None:
                return
            if self._work.making:
                self.let_go()
                self.say(_("Stopped while it was being prepared."))
            else:
                self._work.stop()
                self.set_working(False)
                self.say(_("Stopping: the evaluation under way is the last."))

    @handler
    def stop_pressed(self):
        self.stop()

    def let_go(self):
        """What is under way can no longer change the page; it ends when it next looks."""
        if self._work is not None:
            self._work.stop()
            self.forget()

    def forget(self):
        self._work = None
        self.remove_class("nst-working")
        self.set_working(False)

    def set_working(self, working: bool):
        """What can be pressed: a run under way is not thrown away by a click on Run."""
        self.stop_button.disabled, self.run_button.disabled = not working, working

    def show_progress(self, done: int, of: int, left: float | None = None, of_each: bool = False):
        """left: seconds; None when nobody knows, or when it is over. of_each: several do as many evaluations."""
        self.progress.value = min(1, done / of)
        told = _("evaluation {done} of {of}", done=done, of=of)
        if of_each:
            told = _("evaluation {done} of {of} of each", done=done, of=of)
        self.time_left.value = told if left is None else _("{told}, {left:.0f} s left", told=told, left=left)

    def wait(self):
        """Returns when the background thread is at its end by itself."""
        if self._last is not None:
            self._last.join()

    def say(self, sentence: str):
        self.status.value = f'<div role="status">{html.escape(sentence)}</div>'

    def complain(self, error: BaseException):
        """An error in one sentence, in the panel; the panel stays as it is."""
        known = isinstance(error, EXPECTED_ERRORS) and str(error)
        kind = type(error).__name__
        sentence = str(error) if known else _("This did not work: {kind}: {error}", kind=kind, error=error)
        said = _("<b>Please look:</b> {sentence}", sentence=html.escape(sentence))
        self.status.value = f'<div role="alert">{said}</div>'


def _cell() -> tuple[str | None, str | None]:
    """The ids of the notebook's cell that is running and of this run of it, where the page says them."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    asked = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return asked.get("metadata", {}).get("cellId"), asked.get("header", {}).get("msg_id")


def _inside(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _inside(child)


def capital(phrase: str) -> str:
    """As it stands at the beginning of a sentence."""
    return phrase[:1].upper() + phrase[1:]


def commas(*said: str) -> str:
    """Phrases of one sentence."""
    return functools.reduce(lambda one, other: _("{one}, {other}", one=one, other=other), said)


def listed(*things: str) -> str:
    """A list of names."""
    return functools.reduce(lambda all_before, item: _("{list}, {item}", list=all_before, item=item), things)


def colon(name: str, value: str) -> str:
    """A phrase, and what belongs to it."""
    return _("{name}: {value}", name=name, value=value)


def readable(value: float, digits: int = 3) -> str:
    """A number as people write it: 1,000, 0.012, and 3.8e12 only where that is shorter."""
    if value == 0 or 1e-4 <= abs(value) < 1e7:
        return f"{float(f'{value:.{digits}g}'):,.10g}"
    return re.sub(r"e([+-])0*", lambda sign: f"e{sign[1].strip('+')}", f"{value:.{digits - 1}e}")


class LetGo(Exception):  # noqa: N818  (no error)
    """Ends the work that its panel has let go."""


class Work:
    """What runs in the background: whether somebody asked it to stop, and whether and when it may change the page.

    making    True while networks are loaded and an objective is built, which cannot be stopped: Stop lets it go
    """

    def __init__(self, panel: Panel, do: "Callable[[Work], None]", before: threading.Thread | None):
        self.stopping, self.making, self._on_stop = threading.Event(), True, lambda: None
        self._shown = -LEAST_SECONDS
        self._panel, self._do, self._before = panel, do, before
        self.thread = threading.Thread(target=self._run, name=type(panel).__name__, daemon=True)

    def _run(self):
        if self._before is not None:
            self._before.join()
        try:
            self.look()
            self._do(self)
        except LetGo:
            return
        except BaseException as error:
            with contextlib.suppress(LetGo), self.page():
                self._panel.complain(error)
        with contextlib.suppress(LetGo), self.page():
            self._panel.forget()

    @contextlib.contextmanager
    def page(self) -> Iterator[None]:
        """Only inside may the background change the page and what belongs to it. Raises LetGo when it no longer may."""
        with self._panel.lock:
            if self._panel._work is not self:
                raise LetGo
            yield

    def look(self):
        """Raises LetGo when the panel has let it go."""
        with self.page():
            pass

    def made(self, said: str, on_stop: Callable = lambda: None):
        """Inside `page`, when all is there: from now on Stop ends it after the evaluation under way.

        on_stop: called when somebody asks it to stop: a run that pauses must hear of it.
        """
        self.making, self._on_stop = False, on_stop
        self._panel.say(said)

    def stop(self):
        self.stopping.set()
        self._on_stop()

    def may_show(self) -> bool:
        """True at most four times a second: when it is time to change the page."""
        now = time.monotonic()
        if now - self._shown < LEAST_SECONDS:
            return False
        self._shown = now
        return True


class Thinned(list):
    """Of all that comes the first, the newest, and at most so many: all at first, then each second, each fourth, ...

    most: how many; number: gives of each its number, which begins with 1 and rises by 1.
    """

    def __init__(self, most: int, number: Callable):
        super().__init__()
        self._most, self._number, self._every = most, number, 1

    def _lasts(self, each) -> bool:
        return (self._number(each) - 1) % self._every == 0

    @property
    def lasting(self) -> list:
        """Without the newest where that is here only until the next one comes."""
        return [each for each in self if self._lasts(each)]

    def add(self, new):
        if self and not self._lasts(self[-1]):
            self.pop()
        self.append(new)
        if len(self) > self._most:
            self._every *= 2
            self[:] = [each for each in self[:-1] if self._lasts(each)] + self[-1:]


def as_png(picture: Tensor | Image.Image) -> bytes:
    """The file that a page shows, quickly made: exact, so that it can be enlarged."""
    return _as_file(picture, "PNG", compress_level=1)


def as_jpeg(picture: Tensor | Image.Image) -> bytes:
    """A small file, of what is bundled and of what is only looked at."""
    return _as_file(picture, "JPEG", quality=85, optimize=True)


def _as_file(picture: Tensor | Image.Image, kind: str, **how) -> bytes:
    file = io.BytesIO()
    (images.to_pil(picture) if isinstance(picture, Tensor) else picture).save(file, kind, **how)
    return file.getvalue()


class Picture(ipywidgets.HTML):
    """A picture on the page with words for those who listen to it, which an `ipywidgets.Image` cannot carry."""

    def __init__(self, width: int):
        super().__init__(layout={"max_width": "100%"})
        self._width = width

    def show(self, picture: Tensor | Image.Image, alt: str):
        self.value = (
            f'<img alt="{html.escape(alt)}" style="width: {self._width}px; max-width: 100%; height: auto" '
            f'src="data:image/png;base64,{base64.b64encode(as_png(picture)).decode()}">'
        )


def pictures_of(folder: Path) -> dict[str, Path]:
    """The pictures of a folder by name, "Hokusai's Great Wave": what a panel offers."""
    return {title(path): path for path in sorted(folder.iterdir()) if path.suffix.lower() in images.WRITTEN}


def titles() -> dict[Path, str]:
    """What the course's own pictures are called."""
    return {
        images.CONTENT / "astronaut.jpg": _("astronaut"),
        images.CONTENT / "chelsea-the-cat.jpg": _("Chelsea the cat"),
        images.CONTENT / "flower.jpg": _("flower"),
        images.CONTENT / "summer-palace.jpg": _("Summer Palace"),
        images.STYLE / "cassatt-summertime.jpg": _("Cassatt's Summertime"),
        images.STYLE / "hiroshige-benzaiten-shrine-in-snow.jpg": _("Hiroshige's Benzaiten shrine in snow"),
        images.STYLE / "hokusai-great-wave.jpg": _("Hokusai's Great Wave"),
        images.STYLE / "hokusai-poppies.jpg": _("Hokusai's Poppies"),
        images.STYLE / "kandinsky-composition-viii.jpg": _("Kandinsky's Composition VIII"),
        images.STYLE / "van-gogh-village-street-in-auvers.jpg": _("Van Gogh's village street in Auvers"),
    }


def title(path: Path) -> str:
    """What a picture is called: one of the user's own by the words of its file name."""
    return titles().get(path) or path.stem.replace("-", " ")


def manner(content: Path, style: Path) -> str:
    """What a run makes of two pictures, in words."""
    return manner_of(title(content), title(style))


def manner_of(content: str, style: str) -> str:
    return _("{content} in the manner of {style}", content=content, style=style)


def choice(name: str, folder: Path, first: str, **look) -> ipywidgets.Dropdown:
    """A list of a folder's pictures; its value is a path. first: the file that is chosen at first, if it is there."""
    offered = pictures_of(folder)
    chosen = folder / first if (folder / first) in offered.values() else next(iter(offered.values()))
    return ipywidgets.Dropdown(options=offered, value=chosen, description=name, **look)


def two_choices(**look) -> tuple[ipywidgets.Dropdown, ipywidgets.Dropdown]:
    """Of the project's photographs and of its artworks: what a panel paints, and in whose manner."""
    return (
        choice(_("content"), images.CONTENT, "summer-palace.jpg", **look),
        choice(_("style"), images.STYLE, "hokusai-great-wave.jpg", **look),
    )


def starts() -> dict[str, str]:
    """What a run may start from, by its name on the page."""
    return {_("content"): "content", _("noise"): "noise"}
