"""Every front in Chinese on a page without a kernel: whatever is pressed, no English is left and nothing is cut off."""

import base64
import math
from collections.abc import Callable

import pytest
import torch
from PIL import Image

from style_helpers import fronts, images, language
from style_helpers.course.prediction import Answer, Prediction, predict
from style_helpers.fronts import Front
from style_helpers.panels.before_after import BeforeAfter, Comparisons
from style_helpers.panels.brush import Brush
from style_helpers.panels.chart import Chart, Moments, term
from style_helpers.panels.chooser import Chooser
from style_helpers.panels.features import FeatureExplorer, FeatureFront
from style_helpers.panels.film import Film
from style_helpers.panels.gram import GramMicroscope, Microscope
from style_helpers.panels.inversion import InversionByDepth
from style_helpers.panels.one_pass import Movie, OnePass, Wipe
from style_helpers.panels.plane import Plane
from style_helpers.panels.race_toy import ContourToy
from style_helpers.panels.strip import Filmstrip
from style_helpers.panels.tradeoff import TradeOffExplorer
from style_helpers.panels.tug import Tug
from style_helpers.panels.wall import Wall
from tests.browser import test_front_chooser, test_front_features, test_front_tug
from tests.panels import test_gram, test_race
from tests.panels.chinese import english

WIDTH = 480  # pixels: a telephone, held sideways
GREY = torch.full((1, 3, 40, 60), 0.5)
KEYS = ("ArrowRight", "ArrowDown", "Shift+ArrowRight", "End", "Space", "Home", "e", "+", "Escape")
# All that is seen, heard or pointed at
SAID = """() => [document.body.innerText, ...[...document.querySelectorAll("body *")].flatMap((each) => [
    ...["aria-label", "aria-valuetext", "aria-roledescription", "title", "alt", "placeholder"]
        .map((name) => each.getAttribute(name)),
    each.matches("text, summary, [role=status], [role=alert]") ? each.textContent : null,
])].filter(Boolean)"""
# Texts that reach out of the page or of their drawing, and buttons smaller than what is written on them
CUT_OFF = """() => {
    const isSeen = (each) => each.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        && !each.closest(".nst-heard");
    const all = [...document.querySelectorAll("body *")].filter(isSeen);
    const range = document.createRange();
    const outside = all.filter((each) => [...each.childNodes].some((node) => {
        if (node.nodeType !== Node.TEXT_NODE || !node.data.trim() || each.matches(".nst-chooser-name")) return false;
        range.selectNodeContents(node);
        const edge = (each.ownerSVGElement ?? document.documentElement).getBoundingClientRect();
        return [...range.getClientRects()].some(({ left, right }) => left < edge.left - 1 || right > edge.right + 1);
    }));
    const small = all.filter((each) => each.matches("button")
        && (each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 3));
    return [...outside, ...small].map((each) => `${each.className.baseVal ?? each.className}: ${each.textContent}`);
}"""


def brush() -> Brush:
    made = Brush(purposes=["保持照片原样", "换成第二种风格"], unfolded=True)
    made.show(Image.new("RGB", (600, 400), (120, 120, 120)), "照片 flower.jpg")
    return made


def chart() -> Chart:
    """Two kinds of lines, one of which ends, one that is no number, and one of hundreds of millions."""
    falls, kinds = [(number, 3e8 / number) for number in range(1, 41)], (term("total"), term("style relu1_1"))
    made, lines = Chart(leader="领先"), {}
    for kind in kinds:
        lines |= {(kind, "梯度下降，0.03"): falls, (kind, "Adam，0.02"): [(1, 5.0), (2, math.nan)]}
    made.show(lines, "两条曲线", until=40)
    return made


def features() -> FeatureFront:
    panel = FeatureExplorer(test_front_features.look)
    panel.record(*test_front_features.RECORDED)
    return panel.front


def film() -> Film:
    made = Film(width=300, empty="还没有画面。")
    made.begin(GREY, "照片", "照片和画面")
    made.record([(number, number / 10 * GREY) for number in (1, 3, 5, 9)])
    return made


def tug() -> Tug:
    made = Tug(weight=3.0)
    made.clear(test_front_tug.RAN_WITH)
    for slot, moment in enumerate(test_front_tug.moments()):
        made.add(slot, moment)
    return made


def movie() -> Movie:
    panel = OnePass()
    panel.record(many=3)
    return panel.movie


def answer() -> Answer:
    """What it says of the guess is the question's, in style_helpers/course."""
    made = predict("哪一个最大？", ["第一个", "第二个"]).answer("第一个", "1 > 0")
    made.verdicts = {"none": "没有猜。", "right": "猜对了。", "other": "没有猜对。"}
    return made


FRONTS = {
    Answer: answer,
    Brush: brush,
    Chart: chart,
    Chooser: lambda: Chooser("内容", images.CONTENT, lambda: None),
    Comparisons: lambda: BeforeAfter().view,
    ContourToy: ContourToy,
    FeatureFront: features,
    Film: film,
    Filmstrip: lambda: InversionByDepth().strip,
    Microscope: lambda: GramMicroscope(lambda network, picture: test_gram.maps_of(network)).front,
    Moments: lambda: test_race.raced(test_race.small(test_race.Quadratic(1e6), 20)).chart,
    Movie: movie,
    Plane: lambda: TradeOffExplorer().plane,
    Prediction: lambda: predict("哪一个最大？", ["第一个", "第二个"]),
    Tug: tug,
    Wall: Wall,
    Wipe: lambda: OnePass().wipe,
}
ALL = {kind.__name__: build for kind, build in FRONTS.items()} | {"Movie, which asks Python": Movie}
each_front = pytest.mark.parametrize("build", ALL.values(), ids=ALL)


def test_every_front_is_looked_at_here():
    found, waiting = set(), [Front]
    while waiting:
        here = waiting.pop().__subclasses__()
        found |= {each.__name__ for each in here if each.__module__.startswith("style_helpers.")}
        waiting += here
    assert found == {kind.__name__ for kind in FRONTS}


@pytest.fixture
def in_chinese(on_page, monkeypatch):
    """A page with a front that was made and recorded in Chinese; nobody tells the page of a language."""

    def show(build: Callable[[], Front], **how):
        monkeypatch.setenv(language.VARIABLE, "zh")
        made = build()
        assert made.recorded()["translations"] or not fronts.messages(made._esm)
        monkeypatch.setenv(language.VARIABLE, "en")
        return on_page(made, **how)

    return show


def heard(page) -> list[str]:
    return [text for text in page.evaluate(SAID) if english(text)]


@each_front
def test_no_english_is_left_whatever_is_pressed(in_chinese, build):
    page = in_chinese(build, width=900, height=900)
    assert heard(page) == []
    for number in range(page.locator("button").count()):
        button = page.locator("button").nth(number)
        if button.is_visible():
            button.click(force=True)
            assert heard(page) == []
    for number in range(page.locator("[tabindex='0']").count()):
        place = page.locator("[tabindex='0']").nth(number)
        if place.is_visible():
            place.focus()
            for key in KEYS:
                page.keyboard.press(key)
                assert heard(page) == []
    page.wait_for_timeout(800)  # what waits until the hand has come to rest
    assert heard(page) == []


@each_front
def test_nothing_is_cut_off_on_a_narrow_page(in_chinese, build):
    page = in_chinese(build, width=WIDTH, height=900)
    for radio in page.locator("[role=radio]").all():
        if radio.is_visible():
            radio.click(force=True)
            assert page.evaluate(CUT_OFF) == []
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "拖进来的不是文件"),
        (test_front_chooser.file(2100, 20, "PNG"), "图.png：2100 × 20 像素，按 2048 × 20 使用。"),
        (bytes(9_000_000), "'图.png' 不是这个浏览器能打开的图片"),
    ],
    ids=["no file", "a large picture", "no picture"],
)
def test_what_is_said_of_a_file(in_chinese, content, said):
    page = in_chinese(FRONTS[Chooser], width=WIDTH)
    files = [["图.png", "image/png", base64.b64encode(content).decode()]] if content else []
    page.evaluate(test_front_chooser.OFFER, ["drop", files])
    if "使用" in said:  # here nobody looks at what is offered
        page.wait_for_function("model.get('offered').byteLength > 0")
        assert heard(page) == []
        page.evaluate("model.set('offered', '')")
    page.get_by_role("status").filter(has_text=said).wait_for()
    assert heard(page) == []
