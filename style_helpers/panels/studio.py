"""The Studio: choose two pictures, turn the knobs, watch the picture grow, keep it."""

import html
from collections.abc import Callable
from pathlib import Path

import ipywidgets
from torch import Tensor

from style_helpers import devices, files, images, networks, transfer
from style_helpers.files import FileError, quote
from style_helpers.images import fit
from style_helpers.language import _
from style_helpers.objective import Style, StyleObjective
from style_helpers.panels.brush import Brush
from style_helpers.panels.chart import Chart, term
from style_helpers.panels.chooser import Chooser
from style_helpers.panels.film import Film
from style_helpers.panels.panel import WRAP, Panel, Thinned, Work, handler, manner_of, readable, starts
from style_helpers.settings import NETWORKS, PRESETS, Settings

MOST_PIXELS = 2**22  # of a picture that is painted here: Stop waits for the evaluation under way
SNAPSHOTS = 60  # pictures of a run that are kept for the scrubber
KEEP, SECOND = 0, 1  # what becomes of what is painted over
ROOM = {"width": "370px", "max_width": "calc(100% - 4px)"}  # a control on a narrow page, beside its margins
LOOK = {"style": {"description_width": "120px"}, "layout": ROOM}
LEFT = {"width": "390px", "max_width": "100%", "margin": "0 16px 0 0"}
RIGHT = {"width": "410px", "max_width": "100%"}  # a picture of 400 pixels, which beside LEFT fits into 820


def begin(content: Tensor, styles: Tensor | list[Style], settings: Settings, keep: Tensor | None) -> transfer.Run:
    """The run that the Studio paints with, unless it is given another."""
    network = networks.load(settings.network or networks.choose()[0])
    return transfer.Run(StyleObjective(network, content, styles, settings, keep))


class Studio(Panel):
    """All choices of a run as controls, the run itself in the background, its picture and curves as they come.

    begin    what makes a run of a content picture, one style picture or two `Style`s, settings, and a mask of what to
             keep or None: `transfer.Run`'s manners are expected
    folder   where Save writes; the working folder when None
    """

    def __init__(self, begin: Callable = begin, folder: Path | None = None):
        super().__init__()
        self._begin, self._folder = begin, Path(folder or ".").resolve()
        self._run: transfer.Run | None = None
        self._before: Tensor | None = None
        self._snapshots = Thinned(SNAPSHOTS, lambda step: step.evaluation)
        self._filling = False
        self._mask: Tensor | None = None  # of the run that is shown
        self._make_choosers()
        self._make_settings()
        self._make_buttons()
        self.film = Film(width=400, empty=_("The picture grows here."))
        self.by_layer = ipywidgets.Checkbox(False, description=_("curves layer by layer"), indent=False)
        self.chart, self.code = Chart(), ipywidgets.HTML()
        self.film.observe(self._look_again, "chosen")
        self.by_layer.observe(self._draw_curves, "value")
        self._lay_out()
        self._photo_changed()
        self.choosers["second style"].chosen = 2  # not the first one's
        self.say(_("Choose two pictures and press Run."))

    def _lay_out(self):
        content, style, second = self.choosers.values()
        knobs = [self.preset, self.size, self.evaluations, self.style_weight, self.colours]
        more = [self.network, self.layers, self.start_from, self.seed]
        left = ipywidgets.VBox([content, style, self.brush, second, *knobs, *more], layout=LEFT)
        buttons = [self.run_button, self.pause_button, self.stop_button, self.save_button, self.file_name]
        row = ipywidgets.HBox(buttons, layout=WRAP)
        right = ipywidgets.VBox([row, self.progress, self.time_left, self.status, self.film], layout=RIGHT)
        self.children = [ipywidgets.HBox([left, right], layout=WRAP), self.by_layer, self.chart, self.code]

    # The controls

    def _make_choosers(self):
        self.choosers = {
            "content": Chooser(_("content"), images.CONTENT, self._photo_changed),
            "style": Chooser(_("style"), images.STYLE, self._changed),
            "second style": Chooser(_("second style"), images.STYLE, self._changed),
        }
        self.brush = Brush(purposes=[_("stays as in the photograph"), _("gets a second style")])
        self.brush.observe(self._changed, ["mask", "purpose", "unfolded"])

    def _make_settings(self):
        usual, when_released = Settings.fine(), {"continuous_update": False, **LOOK}
        self.preset = ipywidgets.Dropdown(options=PRESETS, value="fine", description=_("preset"), **LOOK)
        side = devices.default_size("fine")
        self.size = ipywidgets.IntSlider(side, 64, 512, 32, description=_("shorter side"), **when_released)
        self.evaluations = ipywidgets.IntSlider(100, 10, 500, 10, description=_("evaluations"), **when_released)
        self.style_weight = ipywidgets.FloatLogSlider(
            usual.style_weight, min=-1, max=4, step=0.1, description=_("style weight"), **when_released
        )
        colours = {
            _("of the style"): "style",
            _("the photo's own, brightness painted"): "luminance",
            _("the style matched to the photo"): "matched",
        }
        self.colours = ipywidgets.Dropdown(options=colours, description=_("colours"), **LOOK)
        self.network = ipywidgets.Dropdown(options=NETWORKS, value="vgg16", description=_("network"), **LOOK)
        self.layers = ipywidgets.SelectMultiple(description=_("style layers"), rows=5, **LOOK)
        self.start_from = ipywidgets.Dropdown(options=starts(), description=_("start from"), **LOOK)
        self.seed = ipywidgets.BoundedIntText(0, 0, 10**9, description=_("seed of the noise"), **LOOK)
        self._fill_layers()
        for control in (self.preset, self.network):
            control.observe(self._preset_chosen, "value")
        for control in (self.size, self.evaluations, self.layers, self.start_from, self.seed, self.colours):
            control.observe(self._changed, "value")
        self.style_weight.observe(self._weight_moved, "value")

    def _make_buttons(self):
        self.pause_button = ipywidgets.Button(tooltip=_("Wait, or go on"), disabled=True)
        self._set_paused(False)
        self.save_button = ipywidgets.Button(
            description=_("Save"), tooltip=_("Write the picture to a file"), disabled=True
        )
        self.pause_button.on_click(self._pause_pressed)
        self.save_button.on_click(self._save_pressed)
        for button in (self.run_button, self.pause_button, self.stop_button, self.save_button):
            button.layout.width = "88px"
        self.file_name = ipywidgets.Text("my-picture.png", description=_("file name"), **LOOK)
        self.file_name.observe(self._changed, "value")
        self.progress.layout.width, self.progress.layout.max_width = ROOM["width"], ROOM["max_width"]

    def settings(self) -> Settings:
        """The choices as they stand. Raises SettingsError."""
        chosen = Settings.preset(self.preset.value, network=self.network.value)
        return chosen.replace(
            style_layers=tuple(self.layers.value),
            style_weight=float(f"{self.style_weight.value:.4g}"),
            evaluations=self.evaluations.value,
            start=self.start_from.value,
            seed=self.seed.value,
            colours=self.colours.value,
        )

    # What the controls do

    @handler
    def _preset_chosen(self):
        self._fill_layers()
        under_way, self._filling = self._filling, True  # a run keeps its own weight
        try:
            self.style_weight.value = Settings.preset(self.preset.value).style_weight
        finally:
            self._filling = under_way
        self._write_code()

    def _fill_layers(self):
        chosen = Settings.preset(self.preset.value, network=self.network.value).style_layers
        prefix = chosen[0][:4]
        self.layers.options = [name for name in networks.layer_names(self.network.value) if name.startswith(prefix)]
        self.layers.value = chosen

    @handler
    def _photo_changed(self):
        photo = self.choosers["content"]
        self.brush.show(images.open_picture(photo.source), _("the photograph {name}", name=photo.name))
        self._write_code()

    @handler
    def _changed(self):
        two = self.brush.purpose == SECOND and (self.brush.unfolded or self._is_masked)
        self.choosers["second style"].layout.display = None if two else "none"
        self._write_code()

    @handler
    def _weight_moved(self):
        self._write_code()
        run = self._under_way
        if run is not None and not self._filling:
            weight = self.settings().style_weight
            run.change(style_weight=weight)
            self.say(_("From the next evaluation on, the style weight is {weight:g}.", weight=weight))

    @property
    def _under_way(self) -> transfer.Run | None:
        """The run that still listens to what is asked of it."""
        work = self._work
        return None if work is None or work.making or work.stopping.is_set() else self._run

    @handler
    def _run_pressed(self):
        settings, wish = self.settings(), self._wish(self.size.value)
        said = _("Preparing: the network looks at the two pictures.")
        self.start(lambda work: self._paint(work, settings, *wish), said)

    def _wish(self, size: int) -> tuple[Tensor, Tensor | list[Style], Tensor | None]:
        """The content picture, one style or two with masks, and what to keep of the content: (1, 1, H, W), or None."""
        content, style = (self.choosers[kind].load(size) for kind in ("content", "style"))
        for what, picture in ((_("content picture"), content), (_("style picture"), style)):
            height, width = picture.shape[-2:]
            if height * width > MOST_PIXELS:
                raise ValueError(
                    _(
                        "The {what} would be {width} x {height} pixels, where one evaluation takes minutes: cut off a "
                        "part of it, or choose a smaller size.",
                        what=what,
                        height=height,
                        width=width,
                    )
                )
        mask = self.brush.painted(*content.shape[-2:])
        if mask is None:
            return content, style, None
        if mask.min() == 1:
            raise ValueError(_("All of the photograph is painted over: erase a part of it, or press clear."))
        mask = mask.to(content)
        if self.brush.purpose == KEEP:
            return content, style, mask
        return content, [Style(style, mask=1 - mask), Style(self.choosers["second style"].load(size), mask=mask)], None

    @handler
    def _pause_pressed(self):
        run = self._under_way
        if run is None:
            return
        self._set_paused(not self._paused)
        if self._paused:
            run.pause()
            self.say(_("Paused. The picture so far can be looked at and saved."))
        else:
            run.resume()
            self.say(_("It goes on."))

    @handler
    def _save_pressed(self):
        name = self.file_name.value.strip()
        if not name or Path(name).name != name or "\\" in name:
            raise FileError(
                _("Give a file name without a folder, such as 'my-picture.png', not {name}.", name=quote(name))
            )
        if not self._snapshots:
            raise FileError(_("There is no picture to save yet: press Run first."))
        about = {name: str(value) for name, value in vars(self._run.settings).items()}
        picture = fit(self._shown_step().picture, *self._before.shape[-2:])  # a coarse scale is smaller
        files.check(self._folder / name, images.WRITTEN)
        if self._mask is not None:
            images.save(self._mask.expand(-1, 3, -1, -1), self._folder / _mask_name(name))
        saved = images.save(picture, self._folder / name, settings=about)
        if self._mask is None:
            self.say(_("Saved as {name}.", name=quote(saved)))
        else:
            mask = quote(_mask_name(name))
            self.say(_("Saved as {name}, and the mask beside it as {mask}.", name=quote(saved), mask=mask))

    # The run, in the background

    def _paint(self, work: Work, settings: Settings, content: Tensor, styles, keep: Tensor | None):
        """styles and keep as `_wish` gives them."""
        run = self._begin(content, styles, settings, keep)
        with work.page():  # until now the earlier picture was there to be looked at and saved
            self._before, self._run, self._snapshots = content, run, Thinned(SNAPSHOTS, lambda step: step.evaluation)
            self._mask = styles[-1].mask if isinstance(styles, list) else keep
            photo, style = (self.choosers[kind].name for kind in ("content", "style"))
            words = _("{manner}; the photo to the left of the line", manner=manner_of(photo, style))
            unasked = settings.style_weight == 0 or not settings.style_layers
            said = _("Painting without a style: none is asked for.") if unasked else _("Painting.")
            work.made(said, run.stop)
        for step in run:
            with work.page():
                if not self._snapshots:  # until now the earlier film stays
                    self.film.begin(content, _("photo"), words)
                self._snapshots.add(step)
                if work.may_show():
                    self._show_progress(run)
        with work.page():
            self._show_progress(run, over=True)
            self.say(run.ended)

    def _show_progress(self, run: transfer.Run, over: bool = False):
        self.show_progress(len(run.history), run.evaluations, None if over else run.seconds_left())
        follow = self.film.at_end
        lasting = self._snapshots if over else self._snapshots.lasting
        self.film.keep([(each.evaluation, each.picture) for each in lasting])
        if follow:
            self.film.chosen = max(0, len(self.film.pictures) - 1)
        self._show_picture()
        self._chart(run)
        self.save_button.disabled = not self._snapshots

    def set_working(self, working: bool):
        super().set_working(working)
        self.pause_button.disabled = not working
        self._set_paused(False)

    def _set_paused(self, paused: bool):
        self._paused = paused
        self.pause_button.description = _("Continue") if paused else _("Pause")

    # What is to be seen

    def _shown_step(self) -> transfer.Step:
        if self.film.at_end:
            return self._snapshots[-1]
        chosen = self.film.pictures[self.film.chosen]["evaluation"]
        return min(self._snapshots, key=lambda step: abs(step.evaluation - chosen))

    @handler
    def _look_again(self):
        self._show_picture()

    def _show_picture(self):
        if self._snapshots:
            step = self._shown_step()
            self.film.show(self.film.chosen, step.evaluation, step.picture)

    def record(self):
        """Gives the film every moment that is kept in full size, so that `film.recorded()` is a run to walk through."""
        self.film.record([(step.evaluation, step.picture) for step in self._snapshots])

    @handler
    def _draw_curves(self):
        if self._run is not None:
            self._chart(self._run)

    def _chart(self, run: transfer.Run):
        history = run.history
        names = list(history[0].losses.terms) if self.by_layer.value and history else ["total", "style", "content"]
        lines = {term(name): [(each.evaluation, _loss(each.losses, name)) for each in history] for name in names}
        first, last = (readable(history[place].losses.total) if history else "0" for place in (0, -1))
        alt = _("Loss curves of {done} evaluations: the total goes from {first} to {last}.", done=len(history),
                first=first, last=last)  # fmt: skip
        self.chart.show(lines, alt, until=run.evaluations)

    def _write_code(self):
        code = html.escape("\n".join(self._mask_lines() if self._is_masked else self._lines()))
        heading = _("These choices in Python")
        self.code.value = (
            f"<details><summary>{heading}</summary>"
            f'<pre tabindex="0" style="user-select: all; white-space: pre-wrap">{code}</pre></details>'
        )

    @property
    def _is_masked(self) -> bool:
        return self.brush.is_painted

    def _settings_in_python(self) -> str:
        usual = Settings.preset(self.preset.value, network=self.network.value)
        changed = {name: value for name, value in vars(self.settings()).items() if value != getattr(usual, name)}
        given = ", ".join(f"{name}={value!r}" for name, value in ({"network": self.network.value} | changed).items())
        return f"Settings.{self.preset.value}({given})"

    def _pictures_in_python(self, *kinds: str) -> list[str]:
        chosen = {kind: self.choosers[kind] for kind in kinds}
        return [
            f"{kind.split()[0]} = images.load({chooser.as_code()}, size={self.size.value})"
            + (_comment(_("your own, beside this notebook")) if chooser.is_own else "")
            for kind, chooser in chosen.items()
        ]

    def _lines(self) -> list[str]:
        return [
            "from style_helpers import images, transfer",
            "from style_helpers.settings import Settings",
            "",
            *self._pictures_in_python("content", "style"),
            f"result = transfer.stylize(content, style, {self._settings_in_python()})",
            'images.save(result.picture, "my-picture.png")',
        ]

    def _mask_lines(self) -> list[str]:
        """With a mask, which is a file beside the picture: Save writes both."""
        two = self.brush.purpose == SECOND
        saved = _comment(_("Save writes it: white is painted over"))
        objective = "from style_helpers.objective import StyleObjective"
        if two:
            objective = "from style_helpers.objective import Style, StyleObjective"
        styles = "[Style(style, mask=1 - mask), Style(second, mask=mask)]" if two else "style"
        keep = "" if two else ", keep=mask"
        return [
            "from style_helpers import images, networks, transfer",
            objective,
            "from style_helpers.settings import Settings",
            "",
            *self._pictures_in_python("content", "style", *(["second style"] if two else [])),
            f"mask = images.load({_mask_name(self.file_name.value)!r})[:, :1]{saved}",
            f"settings = {self._settings_in_python()}",
            f"network = networks.load({self.network.value!r})",
            f"run = transfer.Run(StyleObjective(network, content, {styles}, settings{keep}))",
            "for _ in transfer.progress(run):\n    pass",
            'images.save(run.result().picture, "my-picture.png")',
        ]


def _comment(words: str) -> str:
    return f"  # {words}"


def _mask_name(name: str) -> str:
    return f"{Path(name).stem}-mask.png"


def _loss(losses: transfer.Losses, name: str) -> float:
    return losses.terms[name] if name in losses.terms else getattr(losses, name, 0.0)
