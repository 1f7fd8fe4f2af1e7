"""The Studio: choose two pictures, turn the knobs, watch the picture grow, keep it."""

import html
from collections.abc import Callable
from pathlib import Path

import ipywidgets
from torch import Tensor

from style_helpers import devices, images, networks, transfer
from style_helpers.files import FileError, quote
from style_helpers.images import fit
from style_helpers.objective import StyleObjective
from style_helpers.panels.chart import Chart
from style_helpers.panels.panel import Panel, Picture, Work, handler
from style_helpers.panels.wipe import Wipe
from style_helpers.settings import CHOICES, NETWORKS, PRESETS, Settings

THUMBNAIL = 60  # pixels, its height
SNAPSHOTS = 60  # pictures of a run that are kept for the scrubber
KINDS = {"content": images.CONTENT, "style": images.STYLE}
WIDE = {"description_width": "120px"}
ROW = {"flex_flow": "row wrap"}
FITTING = {"max_width": "100%"}
LEFT = {"width": "390px"} | FITTING  # beside it, a picture of 400 pixels fits into 820
NAME_LINES = (  # for the names of pictures: a button's text is one line otherwise, and cut off
    "<style>.style-helpers-name.jupyter-button { white-space: normal; line-height: 1.15; height: 46px; padding: 0 2px }"
    "</style>"
)


def begin(content: Tensor, style: Tensor, settings: Settings) -> transfer.Run:
    """The run that the Studio paints with, unless it is given another."""
    network = networks.load(settings.network or networks.choose()[0])
    return transfer.Run(StyleObjective(network, content, style, settings))


class Studio(Panel):
    """All choices of a run as controls, the run itself in the background, its picture and curves as they come.

    begin    what makes a run of a content picture, a style picture and settings: `transfer.Run`'s manners are expected
    folder   where Save writes; the working folder when None
    """

    def __init__(self, begin: Callable = begin, folder: Path | None = None):
        super().__init__()
        self._begin, self._folder = begin, Path(folder or ".").resolve()
        self._run: transfer.Run | None = None
        self._before: Tensor | None = None
        self._snapshots: list[transfer.Step] = []
        self._kept_every = 1
        self.choosers = {kind: Chooser(kind, place, self._changed) for kind, place in KINDS.items()}
        self._make_settings()
        self._make_buttons()
        self._make_views()
        self._changed()
        left = ipywidgets.VBox([self._knobs, self._buttons, self._bar, self.status, self.more], layout=LEFT)
        right = ipywidgets.VBox([self.picture, self.scrubber], layout={"width": "410px"} | FITTING)
        beside = ipywidgets.HBox([left, right], layout=ROW)
        self.children = [*self.choosers.values(), beside, self.by_layer, self.chart, self.code]
        self.say("Choose two pictures and press Run.")

    # The controls

    def _make_settings(self):
        fine = Settings.fine()
        self.preset = ipywidgets.Dropdown(options=PRESETS, value="fine", description="preset", style=WIDE)
        self.size = ipywidgets.IntSlider(
            devices.default_size("fine"), 64, 512, 32, description="shorter side", style=WIDE
        )
        self.evaluations = ipywidgets.IntSlider(100, 10, 500, 10, description="evaluations", style=WIDE)
        self.style_weight = ipywidgets.FloatLogSlider(
            fine.style_weight, min=-1, max=4, step=0.1, description="style weight", style=WIDE
        )
        self.network = ipywidgets.Dropdown(options=NETWORKS, value="vgg16", description="network", style=WIDE)
        self.layers = ipywidgets.SelectMultiple(description="style layers", rows=5, style=WIDE)
        self.start_from = ipywidgets.Dropdown(options=CHOICES["start"], description="start from", style=WIDE)
        self.seed = ipywidgets.BoundedIntText(0, 0, 10**9, description="seed of the noise", style=WIDE)
        self.colours = ipywidgets.Dropdown(
            options={
                "of the style": "style",
                "the photo's own, brightness painted": "luminance",
                "the style matched to the photo": "matched",
            },
            description="colours",
            style=WIDE,
        )
        self._fill_layers()
        self._knobs = ipywidgets.VBox([self.preset, self.size, self.evaluations, self.style_weight, self.colours])
        self.more = ipywidgets.VBox([self.network, self.layers, self.start_from, self.seed])
        for slider in (self.size, self.evaluations, self.style_weight):
            slider.continuous_update = False
        for control in (*self._knobs.children, *self.more.children):
            control.layout.width = "370px"
        for control in (self.preset, self.network):
            control.observe(self._preset_chosen, "value")
        for control in (self.size, self.evaluations, self.layers, self.start_from, self.seed, self.colours):
            control.observe(self._changed, "value")
        self.style_weight.observe(self._weight_moved, "value")

    def _make_buttons(self):
        self.run_button = ipywidgets.Button(description="Run", button_style="primary", tooltip="Paint")
        self.pause_button = ipywidgets.Button(description="Pause", tooltip="Wait, or go on", disabled=True)
        self.stop_button = ipywidgets.Button(description="Stop", tooltip="End; the picture stays", disabled=True)
        self.save_button = ipywidgets.Button(description="Save", tooltip="Write the picture to a file", disabled=True)
        self.file_name = ipywidgets.Text("my-picture.png", description="file name", style=WIDE)
        for button, act in (
            (self.run_button, self._run_pressed),
            (self.pause_button, self._pause_pressed),
            (self.stop_button, self.stop_pressed),
            (self.save_button, self._save_pressed),
        ):
            button.on_click(act)
            button.layout.width = "88px"
        self.file_name.layout.width = "370px"
        buttons = [self.run_button, self.pause_button, self.stop_button, self.save_button, self.file_name]
        self._buttons = ipywidgets.HBox(buttons, layout=ROW)
        self.progress = ipywidgets.FloatProgress(0, min=0, max=1, description="done", style=WIDE)
        self.progress.layout.width = "370px"
        self.time_left = ipywidgets.Label(layout={"margin": "0 0 0 125px"})
        self._bar = ipywidgets.VBox([self.progress, self.time_left])

    def _make_views(self):
        self.picture = Wipe(width=400, share=0, empty="The picture grows here.")
        self.scrubber = ipywidgets.IntSlider(0, 0, 0, description="moment", style=WIDE, readout=False, disabled=True)
        self.by_layer = ipywidgets.Checkbox(False, description="curves layer by layer", indent=False)
        self.chart = Chart()
        self.code = ipywidgets.HTML()
        self.scrubber.layout.width = "400px"
        self.scrubber.observe(self._look_again, "value")
        self.by_layer.observe(self._draw_curves, "value")

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
        self.style_weight.value = Settings.preset(self.preset.value).style_weight
        self._write_code()

    def _fill_layers(self):
        chosen = Settings.preset(self.preset.value, network=self.network.value).style_layers
        prefix = chosen[0][:4]
        self.layers.options = [name for name in networks.layer_names(self.network.value) if name.startswith(prefix)]
        self.layers.value = chosen

    @handler
    def _changed(self):
        self._write_code()

    @handler
    def _weight_moved(self):
        self._write_code()
        run = self._under_way
        if run is not None:
            weight = self.settings().style_weight
            run.change(style_weight=weight)
            self.say(f"From the next evaluation on, the style weight is {weight:g}.")

    @property
    def _under_way(self) -> transfer.Run | None:
        """The run that still listens to what is asked of it."""
        work = self._work
        return None if work is None or work.making or work.stopping.is_set() else self._run

    @handler
    def _run_pressed(self):
        settings, size = self.settings(), self.size.value
        content, style = (chooser.load(size) for chooser in self.choosers.values())
        self.start(lambda work: self._paint(work, content, style, settings))
        self.progress.value, self.time_left.value = 0, ""
        self.say("Preparing: the network looks at the two pictures.")

    @handler
    def _pause_pressed(self):
        run = self._under_way
        if run is None:
            return
        if self.pause_button.description == "Pause":
            run.pause()
            self.pause_button.description = "Continue"
            self.say("Paused. The picture so far can be looked at and saved.")
        else:
            run.resume()
            self.pause_button.description = "Pause"
            self.say("It goes on.")

    @handler
    def _save_pressed(self):
        name = self.file_name.value.strip()
        if not name or Path(name).name != name or "\\" in name:
            raise FileError(f"Give a file name without a folder, such as 'my-picture.png', not {quote(name)}.")
        if not self._snapshots:
            raise FileError("There is no picture to save yet: press Run first.")
        about = {name: str(value) for name, value in vars(self._run.settings).items()}
        picture = fit(self._shown_step().picture, *self._before.shape[-2:])  # a coarse scale is smaller
        saved = images.save(picture, self._folder / name, settings=about)
        self.say(f"Saved as {quote(saved)}.")

    # The run, in the background

    def _paint(self, work: Work, content: Tensor, style: Tensor, settings: Settings):
        run = self._begin(content, style, settings)
        with work.page():  # until now the earlier picture was there to be looked at and saved
            self._before, self._run, self._snapshots, self._kept_every = content, run, [], 1
            work.making, work.on_stop = False, run.stop
            self.say("Painting.")
        for step in run:
            with work.page():
                self._remember(step)
                if work.may_show():
                    self._show_progress(run)
        with work.page():
            self._show_progress(run)
            self.say(run.ended)

    def _remember(self, step: transfer.Step):
        """Keeps every picture at first, and fewer and fewer as the run grows longer."""
        if len(self._snapshots) > 1 and (step.evaluation - 1) % self._kept_every:
            self._snapshots[-1] = step
            return
        self._snapshots.append(step)
        if len(self._snapshots) > SNAPSHOTS:
            self._kept_every *= 2
            self._snapshots = self._snapshots[::2]

    def _show_progress(self, run: transfer.Run):
        done, left = len(run.history), run.seconds_left()
        self.progress.value = done / run.evaluations
        self.time_left.value = f"evaluation {done} of {run.evaluations}" + (
            "" if left is None else f", {left:.0f} s left"
        )
        newest = len(self._snapshots) - 1
        follow = self.scrubber.value == self.scrubber.max
        self.scrubber.max = max(newest, 0)
        if follow:
            self.scrubber.value = self.scrubber.max
        self._show_picture()
        self._chart(run)
        self.save_button.disabled = not self._snapshots

    def set_working(self, working: bool):
        self.pause_button.disabled = self.stop_button.disabled = not working
        self.scrubber.disabled = False
        self.pause_button.description = "Pause"

    # What is to be seen

    def _shown_step(self) -> transfer.Step:
        return self._snapshots[min(self.scrubber.value, len(self._snapshots) - 1)]

    @handler
    def _look_again(self):
        self._show_picture()

    def _show_picture(self):
        if not self._snapshots:
            return
        step = self._shown_step()
        before = fit(self._before, *step.picture.shape[-2:])
        content, style = (chooser.name for chooser in self.choosers.values())
        words = f"{content} in the manner of {style}; the photo to the left of the line"
        self.picture.show(before, step.picture, ("photo", f"evaluation {step.evaluation}"), words)

    @handler
    def _draw_curves(self):
        if self._run is not None:
            self._chart(self._run)

    def _chart(self, run: transfer.Run):
        history = run.history
        names = list(history[0].losses.terms) if self.by_layer.value and history else ["total", "style", "content"]
        lines = {name: [(each.evaluation, _loss(each.losses, name)) for each in history] for name in names}
        first, last = (run.history[place].losses.total for place in (0, -1)) if run.history else (0, 0)
        alt = f"Loss curves of {len(run.history)} evaluations: the total goes from {first:.3g} to {last:.3g}."
        self.chart.show(lines, alt, until=run.evaluations)

    def _write_code(self):
        lines = ["from style_helpers import images, transfer", "from style_helpers.settings import Settings", ""]
        size, settings = self.size.value, self.settings()
        for kind, chooser in self.choosers.items():
            lines.append(f"{kind} = images.load({chooser.as_code()}, size={size})")
        usual = Settings.preset(self.preset.value, network=self.network.value)
        changed = {name: value for name, value in vars(settings).items() if value != getattr(usual, name)}
        given = ", ".join(f"{name}={value!r}" for name, value in ({"network": self.network.value} | changed).items())
        lines.append(f"result = transfer.stylize(content, style, Settings.{self.preset.value}({given}))")
        lines.append('images.save(result.picture, "my-picture.png")')
        code = html.escape("\n".join(lines))
        self.code.value = (
            "<details><summary>The same in Python</summary>"
            f'<pre tabindex="0" style="user-select: all; white-space: pre-wrap">{code}</pre></details>'
        )


def _loss(losses: transfer.Losses, name: str) -> float:
    return losses.terms[name] if name in losses.terms else getattr(losses, name, 0.0)


class Chooser(ipywidgets.VBox):
    """The bundled pictures of one kind as thumbnails with a button each, and a place to upload another."""

    def __init__(self, kind: str, folder: Path, changed: Callable):
        super().__init__()
        self._folder, self._changed = folder, changed
        self._paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
        self._uploaded: tuple[str, bytes] | None = None
        self.buttons = {}
        items = []
        for path in self._paths:
            small = images.open_picture(path)
            small.thumbnail((2 * THUMBNAIL, THUMBNAIL))
            button = ipywidgets.Button(tooltip=f"{kind}: {path.stem}", layout={"width": "110px", "height": "46px"})
            button.add_class("style-helpers-name")
            button.on_click(self._picked)
            self.buttons[path.name] = button
            picture = Picture(small.width, small, "")
            picture.layout = {"height": f"{THUMBNAIL + 4}px", "margin": "0"}
            items.append(ipywidgets.VBox([picture, button], layout={"align_items": "center"}))
        self.upload = ipywidgets.FileUpload(accept="image/*", description=f"own {kind}")
        self.upload.layout = {"width": "110px", "height": "46px", "align_self": "flex-end"}
        self.upload.add_class("style-helpers-name")
        self.upload.observe(self._uploaded_one, "value")
        self.note = ipywidgets.HTML()
        heading = ipywidgets.HTML(f"{NAME_LINES}<b>{kind}</b>: one of these, or your own (up to 10 MB).")
        top = ipywidgets.HBox([heading, self.note], layout=ROW)
        self.children = [top, ipywidgets.HBox([*items, self.upload], layout=ROW)]
        self.name = ""
        self._choose(self._paths[0].name)

    def _picked(self, button):
        self._uploaded = None
        self._choose(next(name for name, each in self.buttons.items() if each is button))
        self._changed()

    def _uploaded_one(self, change):
        if not change["new"]:
            return
        file = change["new"][0]
        content = bytes(file["content"])
        try:
            images.open_picture(content)
        except images.PictureError as error:
            self._tell(f"{quote(file['name'])}: {error}")
            return
        self._uploaded = (file["name"], content)
        self._choose(file["name"])
        self._changed()

    def _choose(self, name: str):
        self.name = name
        for each, button in self.buttons.items():
            chosen = each == name and self._uploaded is None
            button.description = ("\N{CHECK MARK} " if chosen else "") + Path(each).stem.replace("-", " ")
            button.button_style = "primary" if chosen else ""
        self._tell(f"Chosen: {name}.")

    def _tell(self, sentence: str):
        self.note.value = f'<div role="status">{html.escape(sentence)}</div>'

    def load(self, size: int) -> Tensor:
        return images.load(self._uploaded[1] if self._uploaded else self._folder / self.name, size)

    def as_code(self) -> str:
        if self._uploaded:
            return repr(self.name)
        return f"images.{'CONTENT' if self._folder == images.CONTENT else 'STYLE'} / {self.name!r}"
