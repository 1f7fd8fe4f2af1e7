"""What three panels show at once: the bundle, the command that makes it, and what becomes of a damaged one."""

import hashlib
import json
import sys
from pathlib import Path

import pytest

from style_helpers import images, painter
from style_helpers.panels import before_after, inversion, tradeoff, wall
from style_helpers.panels.bundled import COMMAND, FOLDER, SIZE, Bundle, BundleError
from tests.panels import cases
from tests.panels.driving import wait
from tests.panels.fake_runs import Runs, computed, copied_bundle, index

sys.path.insert(0, str(Path(__file__).parents[2] / "lessons"))
import precompute  # lessons/ is no package: authors run its programs

LIMIT = 1_500_000  # bytes of all bundled pictures together
MODULES = {"inversion": inversion, "tradeoff": tradeoff, "beforeafter": before_after, "wall": wall}
PANELS = {
    "inversion": inversion.InversionByDepth,
    "tradeoff": tradeoff.TradeOffExplorer,
    "beforeafter": before_after.BeforeAfter,
}
each_kind = pytest.mark.parametrize("kind", MODULES)


def measured_fake(kind):
    return lambda picture, *_: dict.fromkeys(MODULES[kind].MEASURED, picture.mean().item())


@pytest.fixture
def runs():
    made = Runs()
    yield made
    made.let_all_end()


def jobs(kind):
    return list(precompute.KINDS[kind][0]())


@each_kind
def test_the_bundle_is_what_the_command_would_make_today(kind):
    _, preset, varied = precompute.KINDS[kind]
    listed, today = index()[kind], jobs(kind)
    for (what, *_), each in zip(today, listed["pictures"], strict=True):
        assert what.items() <= each.items()
    *_, settings, _ = today[0]
    assert listed["settings"] == precompute.described(settings, preset, varied), f"run {COMMAND}"


def test_the_bundle_is_small_and_has_nothing_else():
    listed = [each["file"] for kind in MODULES for each in index()[kind]["pictures"]]
    assert {path.name for path in FOLDER.iterdir()} == {*listed, "index.json", painter.READY.name}
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path != painter.READY) < LIMIT


@each_kind
def test_each_file_is_the_one_listed_and_its_numbers_are_its_own(kind):
    for each, (_, content, style, _, measure) in zip(index()[kind]["pictures"], jobs(kind), strict=True):
        jpeg = (FOLDER / each["file"]).read_bytes()
        assert hashlib.sha256(jpeg).hexdigest() == each["sha256"]
        picture = images.load(jpeg)
        assert picture.shape == content.shape
        measured = measure(picture, content, style)
        assert {name: each[name] for name in measured} == pytest.approx(measured, abs=2e-3)


@each_kind
def test_the_command_makes_what_the_panel_finds_and_leaves_nothing_else(kind, runs, tmp_path, monkeypatch):
    monkeypatch.setattr(precompute, "FOLDER", tmp_path)
    monkeypatch.setattr(precompute, "begin", runs.begin)
    monkeypatch.setattr(MODULES[kind], "measure", measured_fake(kind))
    (tmp_path / f"{kind}-of-long-ago.jpg").write_bytes(b"")
    (tmp_path / "index.json").write_text('{"another": "stays as it is"}')
    precompute.make(kind)
    bundle = Bundle(kind, tuple(MODULES[kind].MEASURED), tmp_path)
    asked = jobs(kind)
    assert [run.settings for run in runs] == [settings for _, _, _, settings, _ in asked]
    for what, *_ in asked:
        found = bundle.find(**what)
        assert images.open_picture(found.jpeg).getpixel((0, 0)) == (64, 64, 64)
        assert found.numbers["LPIPS"] == pytest.approx(64 / 255, abs=1e-4)
    assert bundle.label.endswith(f"{MODULES[kind].EVALUATIONS} evaluations.")
    assert len(list(tmp_path.iterdir())) == len(asked) + 1
    assert json.loads((tmp_path / "index.json").read_text())["another"] == "stays as it is"


def test_the_command_interrupted_leaves_everything_as_it_was(runs, tmp_path, monkeypatch):
    copied_bundle(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def begin(*wish):
        if len(runs) == 3:
            raise KeyboardInterrupt
        return runs.begin(*wish)

    monkeypatch.setattr(precompute, "FOLDER", tmp_path)
    monkeypatch.setattr(precompute, "begin", begin)
    monkeypatch.setattr(inversion, "measure", measured_fake("inversion"))
    with pytest.raises(KeyboardInterrupt):
        precompute.make("inversion")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("kind", "made"), [("inversion", "Settings.gatys, "), ("tradeoff", "Settings.fine, "), ("beforeafter", "")]
)
def test_a_panel_says_with_what_they_were_computed(kind, made, runs):
    panel = PANELS[kind](runs.begin, measured_fake(kind))
    (note,) = [each.value for each in panel.children if "Computed beforehand" in str(getattr(each, "value", ""))]
    assert note == (
        f"Computed beforehand with {made}VGG-16, {SIZE} pixels on the shorter side, "
        f"{MODULES[kind].EVALUATIONS} evaluations."
    )


FIRST_SHOWN = {
    "inversion": "inversion-summer-palace-relu3_1.jpg",
    "tradeoff": "tradeoff-summer-palace-hokusai-great-wave-3.0.jpg",
    "beforeafter": "beforeafter-summer-palace-van-gogh-village-street-in-auvers-gatys.jpg",
}
DAMAGES = {
    "no picture": lambda folder, kind: (folder / FIRST_SHOWN[kind]).unlink(),
    "half a picture": lambda folder, kind: (folder / FIRST_SHOWN[kind]).write_bytes(b"half"),
    "no index": lambda folder, kind: (folder / "index.json").unlink(),
    "no JSON": lambda folder, kind: (folder / "index.json").write_text("{ not JSON"),
    "no list": lambda folder, kind: (folder / "index.json").write_text(
        f'{{"{kind}": {{"settings": {{}}, "pictures": [[1]]}}}}'
    ),
}


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_missing_or_damaged_is_one_sentence_and_can_be_computed(kind, damage, runs, tmp_path):
    DAMAGES[damage](copied_bundle(tmp_path), kind)
    panel = PANELS[kind](runs.begin, measured_fake(kind), tmp_path)
    assert 'role="alert"' in panel.status.value
    assert f"missing or damaged: run {COMMAND} in" in panel.status.value
    panel.evaluations.value = 20
    computed(panel)
    assert "All 20 evaluations are done." in panel.status.value
    assert "<img" in panel.live_picture.value


def test_a_bundle_without_a_number_is_damaged(tmp_path):
    listed = index()
    del listed["inversion"]["pictures"][0]["LPIPS"]
    copied_bundle(tmp_path)
    (tmp_path / "index.json").write_text(json.dumps(listed))
    what, *_ = jobs("inversion")[0]
    with pytest.raises(BundleError, match="missing or damaged"):
        Bundle("inversion", inversion.MEASURED, tmp_path).find(**what)


@pytest.mark.parametrize("made", [cases.inversion, cases.trade_off, cases.before_after])
def test_the_picture_grows_with_the_time_left_and_what_is_stopped_is_measured_too(made, tmp_path):
    case = made(tmp_path)
    panel, runs = case.panel, case.fake
    runs.free = False
    panel.run_button.click()
    runs.reach(2)
    wait(lambda: "evaluation 1 of 20" in panel.live_picture.value)
    assert "3 s left" in panel.time_left.value
    panel.stop_button.click()
    case.end()
    assert "Stopped after 2 of 20" in panel.status.value
    assert "2 of 20 evaluations" in panel.live_caption.value
    assert "LPIPS" in panel.live_caption.value
