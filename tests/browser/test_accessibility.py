"""Who cannot see, cannot see colours, or sees little: words, names, contrast and order in every lesson, figure, panel.

Headings are tested in test_notebooks.py. Contrast: WCAG 2.2, criteria 1.4.3 (text, 4.5 to 1) and 1.4.11 (lines and
marks, 3 to 1).
"""

import ast
import html
import importlib
import inspect
import pkgutil
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import ipywidgets
import matplotlib
import pytest
import torch
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.contour import ContourSet
from matplotlib.lines import Line2D
from matplotlib.patheffects import Stroke
from matplotlib.text import Annotation, Text
from PIL import ImageFont

from style_helpers import images, panels, transfer
from style_helpers.course import checks, plots
from style_helpers.course.prediction import Prediction, predict
from style_helpers.fronts import Front
from style_helpers.panels import panel as shared
from style_helpers.panels.before_after import MEASURED, BeforeAfter
from style_helpers.panels.brush import Brush
from style_helpers.panels.bugs import BugSwitches
from style_helpers.panels.chart import Chart
from style_helpers.panels.chooser import Chooser
from style_helpers.panels.features import FeatureExplorer
from style_helpers.panels.film import Film
from style_helpers.panels.gram import GramMicroscope
from style_helpers.panels.inversion import InversionByDepth
from style_helpers.panels.one_pass import OnePass
from style_helpers.panels.plane import Plane
from style_helpers.panels.race import OptimiserRace
from style_helpers.panels.race_toy import ContourToy
from style_helpers.panels.strip import Filmstrip
from style_helpers.panels.studio import Studio
from style_helpers.panels.tradeoff import TradeOffExplorer
from style_helpers.panels.tug import TugOfWar
from style_helpers.panels.wall import Wall
from tests.browser.sight import EYES, contrast, nearest, over
from tests.panels import test_bugs, test_features, test_gram, test_inversion, test_race, test_tradeoff, test_tug
from tests.panels.driving import idle, inside
from tests.panels.fake_runs import Runs

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "lessons").glob("[0-9]*.md"))
PAGES = [*LESSONS, ROOT / "TEACHING.md", ROOT / "TEACHING.zh-CN.md"]
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)

TEXT, MARKS = 4.5, 3.0  # contrast
APART = {"usual": 20, "protanopia": 20, "deuteranopia": 20, "tritanopia": 15}  # CIELAB; Okabe and Ito's own reach 16
WHITE = (1.0, 1.0, 1.0)


# Words in the lessons


def words_for_pictures(lesson: Path) -> list[str]:
    """What is said in place of each picture of a lesson: those of the text, and those that its cells make."""
    text = lesson.read_text(encoding="utf-8")
    found = re.findall(r"!\[(.*?)\]\(.*?\)|<!-- alt\n(.*?)\n-->", text, flags=re.DOTALL)
    return [" ".join(words.split()) for each in found for words in each if words]


@each_lesson
def test_every_picture_of_a_lesson_has_words_of_its_own(lesson):
    said = words_for_pictures(lesson)
    assert len(said) >= 5
    assert len(set(said)) == len(said)
    for words in said:
        assert len(words.split()) >= 5, words
        assert not re.fullmatch(r"\S+\.(png|jpe?g|gif|svg)", words), words


@each_page
def test_links_say_where_they_lead(page):
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "code", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for words in re.findall(r"(?<!!)\[([^\]]+)\]\([^)]+\)", prose):
        assert words.lower().strip() not in {"here", "link", "this", "click here", "more", "read more", "page"}, words
        assert not words.startswith("http"), words


@each_page
def test_every_table_has_a_row_that_names_its_columns(page):
    lines = page.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.fullmatch(r"\|(\s*:?-+:?\s*\|)+", line):
            names = [cell.strip() for cell in lines[number - 1].strip("|").split("|")]
            assert all(names[1:]), lines[number - 1]  # the corner over the names of the rows may be empty


@each_page
def test_formulas_are_text_and_not_pictures(page):
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert "<img" not in text
    assert len(re.findall(r"(?<!\\)\$", text)) % 2 == 0
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", text, flags=re.DOTALL):
        assert re.search(r"/(where-|panel-|lesson-|studio|first-picture)", picture), picture


# Figures, as `plots` makes them


def photo(height=12, width=16) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


def maps() -> torch.Tensor:
    return torch.rand(1, 8, 6, 8, generator=torch.Generator().manual_seed(1))


def history() -> list[transfer.Evaluation]:
    terms = [{"style a": 2.0 / number, "content b": 0.1 * number} for number in (1, 2, 3)]
    return [transfer.Evaluation(number, 16, 0.0, transfer.Losses(each)) for number, each in enumerate(terms, 1)]


def bowl() -> torch.Tensor:
    line = torch.linspace(0, 1, 21)
    return (line[:, None] - 0.25).square() + (line[None, :] - 0.75).square()


SEVEN = [f"line {number}" for number in range(7)]
BY_LAYER = {name: {"relu1": 0.2 + place / 10, "relu2": 0.5} for place, name in enumerate(SEVEN)}
SQUARE = (slice(2, 6), slice(3, 9))
BOXES = {"small": {"conv1": (2, 3, 4, 5), "conv2": (1, 2, 7, 9)}, "large": {"conv5": (0, 0, 11, 15)}}
SIDES = {"conv1_1": 3, "conv1_2": 5, "conv2_1": 10}

FIGURES = {
    "losses": lambda: plots.losses(history()),
    "pixel_numbers": lambda: plots.pixel_numbers(photo(), 2, 3),
    "feature_agreement": lambda: plots.feature_agreement(BY_LAYER),
    "gram_matrices": lambda: plots.gram_matrices({"one": torch.eye(3), "other": torch.ones(3, 3)}),
    "strongest_patches": lambda: plots.strongest_patches(photo(64, 96), torch.rand(16, 24), 4, 16),
    "gradient_maps": lambda: plots.gradient_maps(photo(), {"relu1": photo()}, SQUARE),
    "kept_by_layer": lambda: plots.kept_by_layer(BY_LAYER),
    "by_layer": lambda: plots.by_layer(BY_LAYER, "distance"),
    "terms_by_layer": lambda: plots.terms_by_layer(*2 * [dict(list(BY_LAYER.items())[:4])]),
    "kernels": lambda: plots.kernels(torch.rand(6, 3, 3, 3), 3),
    "feature_maps": lambda: plots.feature_maps({"relu1": maps()}, 4),
    "before_and_after_relu": lambda: plots.before_and_after_relu(maps()[0, 0] - 0.5, (maps()[0, 0] - 0.5).relu()),
    "network_walk": lambda: plots.network_walk(
        SIDES, {name: [layer] for name, layer in zip("abc", SIDES, strict=True)}
    ),
    "receptive_fields": lambda: plots.receptive_fields(photo(), BOXES),
    "picture_grid": lambda: plots.picture_grid([[photo()] * 2], ["row"], ["left", "right"], [["a note", "another"]]),
    "trade_off": lambda: plots.trade_off({name: [(1, 0.1, 0.9), (9, 0.4, 0.5)] for name in SEVEN[:4]}),
    "tug_of_war": lambda: plots.tug_of_war({"now": (photo(), -photo())}),
    "descent_paths": lambda: plots.descent_paths(bowl(), {name: torch.rand(4, 2) for name in SEVEN}),
    "curves": lambda: plots.curves({name: [3.0 + place, 2.0, 1.0] for place, name in enumerate(SEVEN)}),
    "outside_range_map": lambda: plots.outside_range_map(2 * photo() - 0.5),
    "point_clouds": lambda: plots.point_clouds({"one": (torch.rand(2, 9), torch.rand(2, 5))}),
}


def public(module) -> set[str]:
    found = inspect.getmembers(module, inspect.isfunction)
    return {name for name, each in found if each.__module__ == module.__name__ and not name.startswith("_")}


def test_every_figure_is_looked_at_here():
    assert public(plots) == set(FIGURES)


@pytest.fixture(scope="module", params=FIGURES)
def figure(request):
    made = FIGURES[request.param]()
    made.canvas.draw()
    return made


def shown(figure, kind) -> list:
    return [artist for artist in figure.findobj(kind) if artist.get_visible() and artist.get_figure() is figure]


def ink(colour, alpha=None, ground=WHITE):
    *rgb, opacity = matplotlib.colors.to_rgba(colour)
    return over(rgb, ground, opacity if alpha is None else alpha)


def halo(artist):
    """The colour that lies around an artist, if one was given."""
    return next((effect._gc["foreground"] for effect in artist.get_path_effects() if type(effect) is not Stroke), None)


def around(text: Text):
    """What a text stands on: its own box, its halo, the pixel of the picture under it, or the white page."""
    if text.get_bbox_patch() is not None and text.get_bbox_patch().get_facecolor()[3]:
        return text.get_bbox_patch().get_facecolor()
    if halo(text):
        return to_rgb(halo(text))
    axes = text.axes
    if not axes or not axes.images or text.get_transform() != axes.transData or isinstance(text, Annotation):
        return WHITE
    column, row = (round(place) for place in text.get_position())
    pixels = axes.images[0].to_rgba(axes.images[0].get_array())
    return pixels[row, column] if 0 <= row < len(pixels) and 0 <= column < len(pixels[0]) else WHITE


def test_the_text_of_every_figure_can_be_read(figure):
    texts = [text for text in shown(figure, Text) if text.get_text().strip()]
    for text in texts:
        assert text.get_fontsize() >= 9, text.get_text()
        ground = around(text)
        assert contrast(ink(text.get_color(), text.get_alpha(), ground), ground) >= TEXT, (text, text.get_color())


def lines_of(figure) -> list[Line2D]:
    """The lines and marks that tell something: not the grid, which only helps the eye along."""
    grid = {id(line) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for line in axis.get_gridlines()}
    return [line for line in shown(figure, Line2D) if id(line) not in grid and len(line.get_xdata())]


def test_the_lines_and_marks_of_every_figure_stand_out(figure):
    for line in lines_of(figure):
        assert contrast(ink(line.get_color(), line.get_alpha()), WHITE) >= MARKS, (line, line.get_color())
    for contours in [*shown(figure, ContourSet), *shown(figure, PathCollection)]:
        for colour in contours.get_edgecolor():
            assert contrast(ink(colour), WHITE) >= MARKS, colour
    for axes in figure.axes:
        if axes.images:
            continue
        for patch in axes.patches:
            drawn = [patch.get_facecolor(), patch.get_edgecolor()] if patch.get_fill() else [patch.get_edgecolor()]
            assert max(contrast(ink(colour), WHITE) for colour in drawn) >= MARKS, patch


def test_a_frame_on_a_picture_is_seen_on_dark_and_on_bright(figure):
    for axes in figure.axes:
        if not axes.images or not axes.patches:
            continue
        colours = [patch.get_edgecolor() for patch in axes.patches]
        colours += [to_rgb(halo(patch)) for patch in axes.patches if halo(patch)]
        for ground in (WHITE, (0, 0, 0)):
            assert max(contrast(colour, ground) for colour in colours) >= MARKS


def test_series_differ_by_more_than_colour(figure):
    for axes in figure.axes:
        looks = [look(line) for line in axes.lines if not line.get_label().startswith("_")]
        assert len(set(looks)) == len(looks)
        bars = [container[0].get_hatch() for container in axes.containers]
        assert len(set(bars)) == len(bars)


def look(line: Line2D):
    return line.get_linestyle(), line.get_marker()


def test_pixels_outside_the_range_stand_out_from_the_darkest_ground():
    pictures = plots.outside_range_map(torch.tensor([-0.1, 0.0, 1.1]).expand(1, 3, 1, 3)).axes
    for axes, (ground, mark) in zip(pictures, ((1, 0), (1, 2)), strict=True):
        pixels = axes.images[0].get_array()[0] / 255
        assert contrast(pixels[ground], pixels[mark]) >= MARKS


@pytest.mark.parametrize("eye", EYES)
def test_the_colours_of_lines_are_told_apart_by_every_eye(eye):
    assert nearest([to_rgb(colour) for colour, _, _ in plots.LOOKS], eye) >= APART[eye]
    for page in ("#000000", "#FFFFFF"):  # what "--ink" is in a light and in a dark theme
        assert nearest([to_rgb(page if each == "var(--ink)" else each) for each in of_charts()], eye) >= APART[eye]


def of_charts() -> list[str]:
    """The colours of the lines that are pointed at: fronts/chart.js."""
    (colours,) = re.findall(r"CHART_COLOURS = (\[.*?\])", Chart._esm)
    return ast.literal_eval(colours)


@pytest.mark.parametrize("ground", [WHITE, (0, 0, 0)])
def test_the_lines_of_charts_stand_out_on_white_and_on_black(ground):
    for colour in of_charts()[1:]:  # the first is that of the text
        assert contrast(to_rgb(colour), ground) >= MARKS


def test_the_measures_are_those_of_their_sources():
    assert contrast(WHITE, (0, 0, 0)) == pytest.approx(21)
    assert contrast(to_rgb("#767676"), WHITE) == pytest.approx(4.54, abs=0.01)  # the usual example of just enough
    assert contrast(over((0, 0, 0), WHITE, 0.5), to_rgb("#808080")) == pytest.approx(1, abs=0.02)
    red, green = to_rgb("#D55E00"), to_rgb("#B58900")
    assert nearest([red, green], "usual") > 30 > 5 > nearest([red, green], "deuteranopia")
    assert nearest([(0, 0, 0), WHITE], "protanopia") == pytest.approx(100, abs=0.1)


# Panels, each driven as its own tests drive it


def raced(made):
    made.run_button.click()
    return idle(made)


def computed(made):
    made.evaluations.value = 20
    return test_inversion.computed(made)


def of_studio(tmp_path):
    made = Studio(Runs().begin, tmp_path)
    made.size.value, made.evaluations.value = 64, 20
    return raced(made)


def of_before_and_after(_):
    return computed(BeforeAfter(Runs().begin, lambda *_: dict.fromkeys(MEASURED, 0.5)))


def of_bugs(_):
    fake = test_bugs.FakeMuseum()
    return raced(BugSwitches(fake.watch, fake.try_test))


PANELS = {
    BeforeAfter: of_before_and_after,
    BugSwitches: of_bugs,
    FeatureExplorer: lambda _: FeatureExplorer(test_features.fake),
    GramMicroscope: lambda _: GramMicroscope(lambda network, picture: test_gram.maps_of(network)),
    InversionByDepth: lambda _: computed(InversionByDepth(Runs().begin, test_inversion.fake_measure)),
    TradeOffExplorer: lambda _: computed(TradeOffExplorer(Runs().begin, test_tradeoff.fake_measure)),
    OptimiserRace: lambda _: test_race.raced(test_race.small(test_race.Quadratic())),
    ContourToy: lambda _: ContourToy(),
    TugOfWar: lambda _: test_tug.pulled(test_tug.small(test_tug.Rope())),
    Studio: of_studio,
    Wall: lambda _: Wall(),
    OnePass: lambda _: OnePass(),
    Prediction: lambda _: predict("Which?", ["this one", "that one"]),
}
SHOWN = (ipywidgets.HTML, ipywidgets.Label, ipywidgets.Box, ipywidgets.Image)  # nothing in them can be operated


def test_every_panel_is_looked_at_here():
    for module in pkgutil.iter_modules(panels.__path__, "style_helpers.panels."):
        importlib.import_module(module.name)
    waiting, found = [shared.Panel], set()
    while waiting:
        subclasses = waiting.pop().__subclasses__()
        waiting += subclasses
        found |= {each for each in subclasses if each.__module__.startswith("style_helpers") and not abstract(each)}
    assert found | {Prediction, ContourToy, Wall} == set(PANELS)


def abstract(panel: type) -> bool:
    return any(each.__module__.startswith("style_helpers") for each in panel.__subclasses__())


@pytest.fixture(scope="module", params=PANELS, ids=lambda panel: panel.__name__)
def made(request, tmp_path_factory):
    built = PANELS[request.param](tmp_path_factory.mktemp("panel"))
    yield built
    if isinstance(built, shared.Panel):
        built.stop()


def controls(panel) -> list:
    return [each for each in inside(panel) if hasattr(each, "description") and not isinstance(each, SHOWN)]


def test_every_control_has_a_name_of_its_own(made):
    named = [(type(each).__name__, each.description) for each in controls(made)]
    assert named or isinstance(made, Front)  # its controls are tested in a browser, in test_front_*.py
    assert all(name for _, name in named), named
    twice = {each for each in named if named.count(each) > 1}
    assert not twice


def test_sliders_act_when_released_but_those_that_only_look(made):
    sliders = [each for each in controls(made) if "Slider" in type(each).__name__]
    assert {each.description for each in sliders if each.continuous_update} <= {"moment"}


FONT = ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", 13)
BUTTON = 148  # pixels, and 20 of them are its edges: JupyterLab's own, where a panel says nothing
DESCRIPTION = 80


def pixels(size: str | None, usual: int) -> int:
    return usual if not size else int(size.removesuffix("px"))


def test_no_name_of_a_control_is_cut_off(made):
    """DejaVu Sans is wider than the fonts that browsers take, so what fits here fits there."""
    for each in controls(made):
        if isinstance(each, ipywidgets.Button):
            width = pixels(each.layout.width, BUTTON) - 20
        elif isinstance(each, ipywidgets.Checkbox) or each.style.description_width == "initial":
            continue  # as wide as its text
        else:
            width = pixels(each.style.description_width, DESCRIPTION)
        assert FONT.getlength(each.description) <= width, each.description


def test_every_picture_of_a_panel_is_told_in_words(made):
    said = []
    for box in inside(made):
        for each in getattr(box, "children", ()):
            if isinstance(each, Chart | Film):
                said.append(each.words)
            if isinstance(each, Filmstrip | Plane):
                shown = each.pictures if isinstance(each, Filmstrip) else [*each.points, *each.now]
                said += [frame["words"] for frame in [*shown, *each.beside]]
            if isinstance(each, Chooser):
                assert all(each.names)  # what is said of a thumbnail
                assert len(each.names) == len(each.thumbnails)
            if isinstance(each, Brush):
                said.append(f"paint on {each.words}")
            if not isinstance(each, ipywidgets.HTML):
                assert not isinstance(each, ipywidgets.Image), "it cannot carry words: use panel.Picture"
                continue
            for tag in re.findall(r"<img [^>]*>", each.value):
                (words,) = re.findall(r'alt="([^"]*)"', tag)
                said.append(html.unescape(words))
            said += [html.unescape(words) for words in re.findall(r'<svg role="img" aria-label="([^"]*)"', each.value)]
            assert each.value.count("<svg ") <= 2 * each.value.count('<svg role="img" aria-label="')
    for words in said:
        assert len(words.split()) >= 4, words
        assert not re.fullmatch(r"\S+\.(png|jpe?g)", words), words


# A theme of JupyterLab: its --jp-layout-color0 and --jp-content-font-color1
THEMES = {"light": (WHITE, over((0, 0, 0), WHITE, 0.87)), "dark": (to_rgb("#111111"), WHITE)}


def drawn(element, inherited):
    """Each element of an SVG with its fill, stroke and opacity, as a browser would hand them down."""
    parts = (part.partition(":") for part in element.get("style", "").split(";"))
    style = {key.strip(): value for key, _, value in parts}
    here = {key: element.get(key, style.get(key, value).strip()) for key, value in inherited.items()}
    opacity = float(element.get("opacity", 1))
    yield element.tag.split("}")[-1], here | {"opacity": opacity}
    for child in element:
        yield from drawn(child, here)


def marks(panel):
    """(is it text, colour, opacity) of all that is drawn as SVG, but for the grid and scales of colours."""
    for widget in inside(panel):
        text = widget.value if isinstance(widget, ipywidgets.HTML) else ""
        for svg in re.findall(r'<svg role="img".*</svg>', text, flags=re.DOTALL):
            for tag, look in drawn(ElementTree.fromstring(svg), {"fill": "black", "stroke": "none"}):
                colour = look["stroke"] if look["stroke"] != "none" else look["fill"]
                grid = tag == "line" and look["opacity"] == 0.2
                if tag not in ("svg", "g") and colour != "none" and not colour.startswith("rgb") and not grid:
                    yield tag == "text", colour, look["opacity"]


@pytest.mark.parametrize("theme", THEMES)
def test_what_a_panel_draws_stands_out_in_both_themes(made, theme):
    ground, page = THEMES[theme]
    for is_text, colour, opacity in marks(made):
        found = contrast(over(page if colour == "currentColor" else to_rgb(colour), ground, opacity), ground)
        assert found >= (TEXT if is_text else MARKS), (colour, opacity, found)


def test_the_themes_are_those_of_the_jupyterlab_that_is_installed():
    import jupyterlab

    share = Path(jupyterlab.__file__).parents[4] / "share" / "jupyter" / "lab" / "themes" / "@jupyterlab"
    for theme, (ground, text) in {"light": ("white", "rgba(0,0,0,.87)"), "dark": ("#111", "#fff")}.items():
        css = (share / f"theme-{theme}-extension" / "index.css").read_text(encoding="utf-8")
        assert f"--jp-layout-color0:{ground};" in css.replace(": ", ":")
        assert f"--jp-content-font-color1:{text};" in css.replace(": ", ":")


@pytest.mark.parametrize(("answer", "word"), [(1_000_000, "Right:"), (1000, "Look again:"), (..., "Not yet:")])
def test_an_exercises_verdict_is_a_word_in_the_colours_of_the_theme(answer, word):
    page = checks.tutorial_weight(answer)._repr_html_()
    assert word in page
    assert 'role="status"' in page
    assert re.findall(r"(?<![-\w])color: ([^;\"]*)", page) == ["var(--jp-content-font-color1, currentColor)"]


def test_a_figure_says_its_words_where_it_stands():
    assert '<img alt="&lt;one&gt; picture"' in images.show(photo(), alt="<one> picture")._repr_html_()
