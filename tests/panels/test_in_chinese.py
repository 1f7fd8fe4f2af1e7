"""Every panel in Chinese: built, pressed and answered, with no English left in its labels and sentences."""

import html
import io
import re

import ipywidgets
import pytest
from PIL import Image

from style_helpers import language
from style_helpers.course.bugs import BUGS
from style_helpers.fronts import Front
from style_helpers.panels.before_after import TECHNIQUES, BeforeAfter
from style_helpers.panels.features import FeatureExplorer
from style_helpers.panels.gram import GramMicroscope
from style_helpers.panels.inversion import InversionByDepth
from style_helpers.panels.one_pass import OnePass
from style_helpers.panels.panel import starts
from style_helpers.panels.race_toy import ContourToy
from style_helpers.panels.studio import SECOND
from style_helpers.panels.tradeoff import TradeOffExplorer
from style_helpers.panels.wall import Wall
from style_helpers.settings import CHOICES
from tests.panels import cases, test_features, test_gram, test_race
from tests.panels.chinese import english
from tests.panels.driving import idle, inside, wait
from tests.panels.fake_runs import Runs

SILENT = {"translations", "field", "optimiser", "at_first", "layer", "asked", "code", "base64", "offered_name"}
FAKES = re.compile(r"All 20 evaluations are done\.|Stopped after \d+ of 20 evaluations\.|failed: <[^>]*>|passed")


@pytest.fixture(autouse=True)
def chinese(monkeypatch):
    monkeypatch.setenv(language.VARIABLE, "zh")


def said(panel) -> list[str]:
    """What is seen, heard and pointed at of a panel: labels, options, tooltips, sentences, and what its fronts say."""
    found = []
    for each in [*inside(panel), *inside(getattr(panel, "bar", panel))]:
        found += [getattr(each, name, None) or "" for name in ("description", "tooltip", "placeholder")]
        found += getattr(each, "_options_labels", ())
        if isinstance(each, ipywidgets.HTML | ipywidgets.Label):
            value = re.sub(r'<pre.*?</pre>|src="[^"]*"', "", each.value, flags=re.DOTALL)
            found += [*re.findall(r'alt="([^"]*)"', value), html.unescape(re.sub(r"<[^>]*>", " ", value))]
        if isinstance(each, Front):
            found += strings(each.recorded())
    return found


def strings(value) -> list[str]:
    if isinstance(value, dict):
        return [text for name, each in value.items() if name not in SILENT for text in strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    return [value] if isinstance(value, str) else []


def is_chinese(panel):
    """Apart from what the fakes of these tests and the labels of the bugs say."""
    for text in said(panel):
        for bug in BUGS.values():
            for line in (bug.mistake, bug.symptom):
                text = text.replace(line, "")
        assert english(FAKES.sub("", text)) == [], text


@cases.each_run
def test_a_panel_that_computes_before_it_runs_while_it_runs_stopped_and_at_its_end(made, tmp_path):
    case = made(tmp_path)
    panel, fake = case.panel, case.fake
    is_chinese(panel)
    assert panel.stop_button.description == "停止"
    fake.free = False
    case.press()
    fake.reach(5)
    is_chinese(panel)
    panel.stop_button.click()
    is_chinese(panel)
    fake.free = True
    fake.allowed.release(100)
    idle(panel)
    is_chinese(panel)
    case.press()
    idle(panel)
    is_chinese(panel)
    case.end()


@cases.each_run
def test_its_errors(made, tmp_path):
    case = made(tmp_path)
    case.fake.cannot_be_made = "不行"
    case.press()
    idle(case.panel)
    assert "请注意：" in case.panel.status.value
    is_chinese(case.panel)
    case.panel.complain(ZeroDivisionError("0"))
    assert "没有成功：ZeroDivisionError：0" in html.unescape(case.panel.status.value)
    case.end()


AT_ONCE = {
    FeatureExplorer: lambda: FeatureExplorer(test_features.fake),
    GramMicroscope: lambda: GramMicroscope(lambda network, picture: test_gram.maps_of(network)),
    OnePass: OnePass,
    ContourToy: ContourToy,
    Wall: Wall,
}


@pytest.mark.parametrize("kind", AT_ONCE)
def test_a_panel_that_answers_at_once(kind):
    is_chinese(AT_ONCE[kind]())


@pytest.mark.parametrize("kind", [BeforeAfter, InversionByDepth, TradeOffExplorer, Wall])
def test_without_its_pictures(kind, tmp_path):
    panel = kind(folder=tmp_path)
    is_chinese(panel)
    assert "丢失或损坏" in (panel.problem if kind is Wall else panel.status.value)


def test_every_technique_and_what_was_not_computed():
    panel = BeforeAfter(Runs().begin)
    for number in range(len(TECHNIQUES)):
        panel.view.chosen = number
        is_chinese(panel)
    panel.pair.value = ()
    is_chinese(panel)
    pairs = TradeOffExplorer(Runs().begin)
    pairs.content.label = "花"
    is_chinese(pairs)


def test_the_studio(tmp_path):
    case = cases.studio(tmp_path)
    studio = case.panel
    studio.save_button.click()
    is_chinese(studio)
    case.fake.free = False
    case.press()
    case.fake.reach(3)
    wait(lambda: studio._snapshots)
    studio.pause_button.click()
    assert studio.pause_button.description == "继续"
    is_chinese(studio)
    studio.pause_button.click()
    assert (studio.pause_button.description, case.fake[0].calls) == ("暂停", ["pause", "resume"])
    studio.style_weight.value = 50
    is_chinese(studio)
    case.fake.free = True
    case.fake.allowed.release(100)
    idle(studio)
    studio.by_layer.value = True
    is_chinese(studio)
    for name in ("a.png", "b/c.png", "a.png"):
        studio.file_name.value = name
        studio.save_button.click()
        if name == "b/c.png":
            is_chinese(studio)
    own = io.BytesIO()
    Image.new("RGB", (80, 60)).save(own, "PNG")
    studio.choosers["content"].set_state({"offered": own.getvalue(), "offered_name": "我的.png"})
    studio.brush.unfolded, studio.brush.purpose = True, SECOND
    studio.brush.mask = bytes([255]) * (studio.brush.mask_size[0] * studio.brush.mask_size[1])
    case.press()
    is_chinese(studio)
    (code,) = re.findall(r"<pre[^>]*>(.*)</pre>", studio.code.value, flags=re.DOTALL)
    assert "# 你自己的图片" in code
    assert "# 由“保存”写入" in code
    case.end()


def test_the_quiz_and_the_test_of_a_bug(tmp_path):
    case = cases.bug_test(tmp_path)
    panel = case.panel
    case.press()
    idle(panel)
    is_chinese(panel)
    panel.quiz.value = True
    for shape in (None, (1, 3, 50, 50)):
        case.fake.shape = shape
        panel.run_button.click()
        idle(panel)
        is_chinese(panel)
    hidden = panel._shown_bug
    panel.answer.value = next(name for name in BUGS if name != hidden)
    panel.check_button.click()
    is_chinese(panel)
    panel.answer.value = hidden
    panel.check_button.click()
    is_chinese(panel)
    panel.run_button.click()
    idle(panel)
    panel.tell_button.click()
    is_chinese(panel)
    case.end()


def test_a_race_that_not_all_finish():
    race = test_race.small(test_race.Quadratic(1e6), 20)
    race.rate.value = 1.0
    is_chinese(test_race.raced(race))
    race = test_race.small(test_race.Quadratic(), 20)
    race.rate.value = 10**-0.6
    is_chinese(test_race.raced(race))


def test_what_is_chosen_stays_what_it_is_in_python(tmp_path):
    studio, race = cases.studio(tmp_path).panel, cases.race(tmp_path).panel
    assert tuple(starts().values()) == CHOICES["start"]
    assert studio.colours._options_values == CHOICES["colours"]
    studio.start_from.label, studio.colours.label = "噪声", "照片原色，只画亮度"
    race.start_from.label = "噪声"
    assert (studio.settings().start, studio.settings().colours, race.settings().start) == (
        "noise",
        "luminance",
        "noise",
    )
