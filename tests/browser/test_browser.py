"""The panels in a real JupyterLab, driven in a real browser by mouse and keyboard.

They need Chromium and playwright, and are skipped without them; with STYLE_HELPERS_BROWSER=required they fail instead.
"""

import importlib.util
import os
import re
import time

import pytest
from PIL import Image

from tests.browser import browser

MISSING = ""
if browser.chromium() is None:
    MISSING = "No Chromium was found on the path (on Debian: apt-get install chromium)."
elif importlib.util.find_spec("playwright") is None:
    MISSING = "The package playwright is not installed (pip install playwright; its own browser is not needed)."
if MISSING and os.environ.get("STYLE_HELPERS_BROWSER") != "required":
    pytest.skip(MISSING, allow_module_level=True)

STUDIO = """\
import threading
from style_helpers.panels.studio import Studio

studio = Studio()
studio.network.value, studio.size.value, studio.evaluations.value = "alexnet", 96, 500
on_main = []  # for each new seed, on which thread it came
studio.seed.observe(lambda _: on_main.append(threading.current_thread() is threading.main_thread()), "value")
studio
"""
QUESTION = """\
from style_helpers.course import predict

guess = predict("Which is the largest?", ["one", "two", "three"])
guess
"""
RACE = """\
import threading
from style_helpers.panels import race

gate = threading.Semaphore(0)  # evaluations that the race may do

def gated(*wish):
    terms = race.make_objective(*wish)
    return lambda picture: gate.acquire() and terms(picture)

the_race = race.OptimiserRace(gated)
the_race.evaluations.value, the_race.size.value = 200, 64
"""
ALL = f"""\
{RACE}
from style_helpers.course import predict
from style_helpers.panels import before_after, bugs, features, gram, inversion, one_pass, race_toy, studio, tradeoff
from style_helpers.panels import tug, wall

for panel in (the_race, studio.Studio(), features.FeatureExplorer(), gram.GramMicroscope(), tug.TugOfWar(),
              inversion.InversionByDepth(), tradeoff.TradeOffExplorer(), before_after.BeforeAfter(), bugs.BugSwitches(),
              race_toy.ContourToy(), wall.Wall(), one_pass.OnePass(), predict("Which?", ["one", "two"])):
    display(panel)
"""
PANELS = 13
LOST = "This panel's kernel was restarted or has ended: run the cell again."
AWAY = "No connection to this panel's kernel"
ABSENT = "Nothing to be seen here? If its kernel goes on, reload the page; if not, run the cell again."
WELL = """document.querySelectorAll('.nst-panel').length === 10
    && ![...document.querySelectorAll('.nst-lost, .nst-absent')].some(each => each.checkVisibility())"""
CONTROLS = ".nst-panel :is(button.jupyter-button, select, input, [role=slider])"
CAN_BE_USED = f"""() => [...document.querySelectorAll('{CONTROLS}')]
    .filter(each => !each.closest('[inert], .nst') && !each.disabled && each.checkVisibility())
    .map(each => each.closest('.jupyter-widgets').outerHTML.slice(0, 200))"""
CHAINS = """() => [...document.querySelectorAll('.jupyter-widgets-disconnected')]
    .filter(each => getComputedStyle(each, '::before').content !== 'none').length"""
PICTURE = ".nst-wipe-after img"
CUT_OFF = """() => [...document.querySelectorAll('.jp-OutputArea-output, .jp-OutputArea-output *')]
    .filter(each => !each.closest('svg') && each.clientWidth > 1 && each.matches('.jp-OutputArea-output, button,'
        + ' .widget-label, .widget-readout, .widget-html-content, .widget-vbox, .widget-hbox'))
    .filter(each => each.scrollWidth > each.clientWidth + 1 || (each.matches('button, .widget-label')
        && each.scrollHeight > each.clientHeight + 3))
    .map(each => `${each.className}: ${each.textContent.slice(0, 60)}`)"""
SPILT = """() => [...document.querySelectorAll('.jp-OutputArea-output')].flatMap(area =>
    [...area.querySelectorAll('img, svg, button, input, select')]
    .filter(each => each.getBoundingClientRect().right > area.getBoundingClientRect().right + 1)
    .map(each => each.outerHTML.slice(0, 80)))"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lab").resolve()


@pytest.fixture(scope="module")
def lab(folder):
    assert not MISSING, MISSING
    with browser.jupyterlab(folder) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(lab):
    with browser.browser() as running:
        yield running


@pytest.fixture(scope="module")
def opened(lab, chromium, folder):
    """Opens a notebook of these cells, 1000 pixels wide."""

    def open_notebook(name, *cells, **options):
        browser.write_notebook(folder / name, *cells)
        return browser.Page(chromium.new_page(viewport={"width": 1000, "height": 1000}), lab, name, **options)

    return open_notebook


@pytest.fixture(scope="module")
def one_studio(opened):
    page = opened("studio.ipynb", STUDIO)
    page.run_all()
    yield page
    page.close()


@pytest.fixture
def studio(one_studio):
    """The Studio of all these tests; whatever a test leaves running is stopped, and nothing may have complained."""
    yield one_studio
    one_studio.ask("studio.stop()")
    assert one_studio.complaints == []
    assert one_studio.errors() == []


def wait(until, what, seconds=browser.SECONDS):
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, f"it never happened: {what}"
        time.sleep(0.05)


def number(page, code):
    return int(page.ask(f"print({code})"))


def evaluations(page):
    return number(page, "len(studio._run.history)")


def source(page):
    return page.page.locator(PICTURE).get_attribute("src") or ""


def says(page, words):
    page.page.locator("[role=status], [role=alert]").filter(has_text=words).first.wait_for()


def paints(page):
    """Presses Run and waits until the picture has changed once."""
    before = source(page)
    page.button("Run").click()
    changes(page, before)
    changes(page, source(page))


def changes(page, before):
    page.wait(f'before => {{ const it = document.querySelector("{PICTURE}"); return it && it.src !== before }}', before)


def stops(page):
    page.button("Stop").click()
    says(page, "Stopped after")
    said = page.page.locator("[role=status]").filter(has_text="Stopped after").inner_text()
    done = int(re.search(r"Stopped after (\d+) of 500 evaluations", said)[1])
    wait(lambda: page.button("Stop").is_disabled(), "Stop is disabled")
    wait(lambda: page.ask("print(studio.working)") == "False", "the thread ends")
    assert evaluations(page) == done
    return done


def test_a_slider_is_dragged_by_the_mouse_and_moved_by_keys(studio):
    studio.drag("evaluations", 0)
    wait(lambda: number(studio, "studio.evaluations.value") == 10, "dragged to the left end")
    studio.drag("evaluations", 1)
    wait(lambda: number(studio, "studio.evaluations.value") == 500, "dragged to the right end")
    studio.handle("evaluations").focus()
    studio.page.keyboard.press("ArrowLeft")
    wait(lambda: number(studio, "studio.evaluations.value") == 490, "moved by a key")
    assert studio.value("evaluations") == "490"
    studio.page.keyboard.press("ArrowRight")
    wait(lambda: number(studio, "studio.evaluations.value") == 500, "moved back")


def test_run_pause_continue_and_stop(studio):
    paints(studio)
    wait(lambda: evaluations(studio) > 1, "there is a gap between two evaluations to be measured")
    studio.button("Pause").click()
    says(studio, "Paused.")
    three = 3000 * float(studio.ask("print(studio._run.history[-1].seconds - studio._run.history[-2].seconds)"))
    counts = [-1, evaluations(studio)]
    while counts[-1] != counts[-2]:  # what had begun is finished
        studio.page.wait_for_timeout(300 + three)  # in the time of three evaluations there would be another
        counts.append(evaluations(studio))
    before = source(studio)
    studio.page.wait_for_timeout(300 + three)
    assert evaluations(studio) == counts[-1] < 500
    assert source(studio) == before
    studio.button("Continue").click()
    changes(studio, before)
    assert evaluations(studio) > counts[-1]
    assert stops(studio) < 500


def test_the_style_weight_is_moved_while_it_runs(studio):
    paints(studio)
    before = float(studio.ask("print(studio._run.settings.style_weight)"))
    studio.handle("style weight").focus()
    studio.page.keyboard.press("ArrowRight")
    says(studio, "From the next evaluation on, the style weight is")
    wait(lambda: float(studio.ask("print(studio._run.settings.style_weight)")) > before, "the run takes the new weight")
    now = evaluations(studio)
    wait(lambda: evaluations(studio) > now, "it goes on with the new weight")
    stops(studio)


def test_save_writes_the_picture_beside_the_notebook(studio, folder):
    paints(studio)
    stops(studio)
    studio.control("file name").locator("input").fill("kept.png")
    studio.page.keyboard.press("Tab")
    studio.button("Save").click()
    says(studio, "Saved as")
    with Image.open(folder / "kept.png") as saved:
        assert saved.size == (96, 96)  # the full size, also when the run was stopped at a coarse scale
    studio.button("Save").click()
    says(studio, "exists already")


def test_a_photo_of_ones_own(studio, tmp_path):
    """Of more bytes than a notebook's message may have: the browser makes it smaller."""
    noise = Image.merge("RGB", [Image.effect_noise((4000, 3000), 80)] * 3)
    noise.save(tmp_path / "holiday.jpg", quality=100, subsampling=0)
    assert (tmp_path / "holiday.jpg").stat().st_size > 10_000_000
    (tmp_path / "<b>letter.jpg").write_text("this is no picture")
    choose(studio, 0, tmp_path / "holiday.jpg")
    studio.page.get_by_role("radio", name="your own: holiday.jpg", checked=True).wait_for()
    studio.page.get_by_text("4000 x 3000 pixels, used at 2048 x 1536").wait_for()
    choose(studio, 1, tmp_path / "<b>letter.jpg")
    studio.page.get_by_text("Please look: '<b>letter.jpg' is not a picture").wait_for()  # as text
    studio.button("Run").click()
    studio.page.locator("[aria-label^='holiday.jpg in the manner of cassatt-summertime.jpg']").wait_for()
    stops(studio)
    assert studio.ask("print(tuple(studio._before.shape))") == "(1, 3, 96, 128)"
    studio.page.get_by_role("radio", name="astronaut").locator("img").click(force=True)
    wait(lambda: studio.ask("print(studio.choosers['content'].name)") == "astronaut.jpg", "the astronaut is chosen")


def choose(page, number, file):
    """A file for the chooser of this number."""
    with page.page.expect_file_chooser() as chooser:
        page.page.get_by_role("button", name="your own").nth(number).click()
    chooser.value.set_files(file)


def test_a_mask_is_painted_and_that_part_stays_as_it_is(studio):
    studio.page.get_by_text("Paint a mask").click()
    view = studio.page.locator(".nst-brush-view")
    view.scroll_into_view_if_needed()
    wait(lambda: view.bounding_box()["height"] > 100, "the photograph is there")
    box = view.bounding_box()
    studio.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    studio.page.mouse.down()
    studio.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"], steps=5)
    studio.page.mouse.up()
    studio.page.get_by_text("of the photograph is painted over and stays as in the photograph").wait_for()
    for key in "00":  # which elsewhere in JupyterLab asks whether to restart the kernel
        studio.page.keyboard.press(key)
    studio.page.wait_for_timeout(300)
    assert studio.page.locator(".jp-Dialog").count() == 0
    paints(studio)
    wait(lambda: evaluations(studio) >= 6, "it has painted a little")
    stops(studio)
    middle = "print((studio._snapshots[-1].picture - fit(studio._before, *studio._snapshots[-1].picture.shape[-2:]))"
    asked = "from style_helpers.images import fit\n" + middle + "[0, :, {}].abs().max().item())"
    rows = "studio._snapshots[-1].picture.shape[2]"
    assert float(studio.ask(asked.format(f"{rows} // 2, {rows} // 2"))) < 0.05
    assert float(studio.ask(asked.format(f"{rows} // 8"))) > 0.05
    studio.page.get_by_role("button", name="clear").click()
    wait(lambda: studio.ask("print(len(studio.brush.mask))") == "0", "nothing is painted over")
    studio.page.get_by_text("Paint a mask").click()


def test_the_cell_run_again_while_it_paints_leaves_one_thread_at_most(studio):
    threads = "[thread.name for thread in threading.enumerate()].count('Studio')"
    paints(studio)
    assert number(studio, threads) == 1
    studio.run_cell(0)
    wait(lambda: number(studio, threads) == 0, "the earlier thread ends after its evaluation")
    studio.page.get_by_text("The picture grows here.").wait_for()
    paints(studio)
    assert number(studio, threads) == 1
    stops(studio)
    assert number(studio, threads) == 0


def test_nothing_is_cut_off_at_a_width_of_1000_pixels(studio):
    paints(studio)
    stops(studio)
    studio.page.get_by_label("curves layer by layer").check()
    studio.page.get_by_role("listitem").filter(has_text="style relu3").first.wait_for()
    assert studio.page.evaluate(CUT_OFF) == []
    assert studio.page.evaluate(SPILT) == []


def test_in_chinese_no_name_is_cut_off_in_any_panel(opened):
    page = opened("zh.ipynb", f'import os\nos.environ["STYLE_HELPERS_LANGUAGE"] = "zh"\n{ALL}')
    page.run_all()
    all_is_well(page)
    assert page.page.get_by_role("button", name="运行", exact=True).count() == 4
    assert page.page.evaluate(CUT_OFF) == []
    page.page.set_viewport_size({"width": 480, "height": 1000})
    page.page.wait_for_timeout(500)
    cut_off = page.page.evaluate(CUT_OFF)
    assert [each for each in cut_off if "widget-box" not in each] == []  # a box's margin is no name
    assert page.complaints == page.errors() == []
    page.close()


@pytest.mark.parametrize(("comms", "on_main"), [("disabled", "True"), ("perCommTarget", "False")])
def test_run_and_stop_whichever_way_messages_come(lab, opened, comms, on_main):
    """JupyterLab brings what is pressed to the kernel's main thread, or to a subshell's."""
    lab.set("@jupyterlab/apputils-extension:kernels-settings", commsOverSubshells=comms)
    page = opened(f"{comms}.ipynb", STUDIO, dark=True)
    page.run_all()
    for seed in range(1, 20):  # the first messages come to the main thread, until the subshell is there
        page.control("seed of the noise").locator("input").fill(str(seed))
        page.page.keyboard.press("Tab")
        wait(lambda expected=seed: number(page, "len(on_main)") == expected, f"seed {seed} comes")
        if seed > 2 and page.ask("print(on_main[-1])") == on_main:
            break
    assert page.ask("print(on_main[-1])") == on_main
    paints(page)
    assert stops(page) < 500
    assert page.complaints == page.errors() == []
    page.close()


def test_a_question_is_answered_by_keyboard_alone(opened):
    page = opened("predict.ipynb", QUESTION, 'guess.answer("two", "two > <one>")')
    page.run_cell(0)
    page.page.get_by_role("radio", name="one").wait_for()
    for _ in range(40):
        if page.page.evaluate("document.activeElement.role") == "radio":
            break
        page.page.keyboard.press("Tab")
    page.page.keyboard.press("Space")
    wait(lambda: page.ask("print(guess.guess)") == "one", "chosen by the space bar")
    page.page.keyboard.press("ArrowDown")
    wait(lambda: page.ask("print(guess.guess)") == "two", "chosen by an arrow key")
    page.run_cell(1)
    page.page.get_by_text("two \N{LEFTWARDS ARROW} your guess and measured").wait_for()
    says(page, "Measured: two > <one> As you predicted.")
    page.wait("() => document.querySelector('[role=radiogroup]').ariaDisabled === 'true'")
    assert page.page.get_by_role("radio", checked=True).count() == 1
    assert page.complaints == page.errors() == []
    page.close()


# What remains of a page whose kernel has gone


@pytest.fixture(scope="module")
def all_panels(opened):
    """Every panel in one cell, a race under way that goes on when a test says so."""
    page = opened("all.ipynb", ALL)
    page.run_all()
    page.button("Run").click()
    for _ in range(3):
        goes_on(page)
    yield page
    page.close()


def command(page, name):
    page.page.evaluate(f"window.jupyterapp.commands.execute('{name}').then(() => 0)")


def goes_on(page):
    """Lets the race do rounds until the page is sent another one."""
    before = number(page, "the_race.chart._sent")
    while number(page, "the_race.chart._sent") == before:
        page.ask("gate.release(3)")
        page.page.wait_for_timeout(100)


def reload(page):
    command(page, "docmanager:save")
    page.page.reload()
    page.page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.page.wait_for_function(browser.READY)


def first_moment(view):
    """What stands at the three pictures when the cursor is at the first evaluation."""
    view.locator(".nst-moments-when").first.wait_for()
    view.locator(".nst-chart-stage").first.focus()
    view.page.keyboard.press("Home")
    return view.locator(".nst-moments-when").all_inner_texts()


def says_in_each(page, words):
    page.wait("([words, many]) => [...document.querySelectorAll('.nst-lost, .nst-absent')]"
              ".filter(each => each.textContent.startsWith(words) && each.checkVisibility()).length === many",
              [words, PANELS])  # fmt: skip


def all_is_well(page):
    """Every panel is shown, and says nothing of its kernel."""
    page.wait(f"() => {WELL}")
    assert len(page.page.evaluate(CAN_BE_USED)) > 50


def test_a_view_that_is_opened_while_it_runs_has_the_earlier_moments(all_panels):
    assert first_moment(all_panels.page.locator(".jp-Notebook")) == ["evaluation 1"] * 3
    command(all_panels, "notebook:create-output-view")
    assert first_moment(all_panels.page.locator(".jp-LinkedOutputView")) == ["evaluation 1"] * 3
    page = all_panels.page
    page.evaluate("[...window.jupyterapp.shell.widgets('main')].find(each => !each.sessionContext).dispose()")
    all_is_well(all_panels)


def test_a_page_that_is_reloaded_while_it_runs_has_the_earlier_moments(opened):
    """One panel: of hundreds of widgets JupyterLab's manager brings back only some on a busy machine, for good."""
    page = opened("race.ipynb", RACE + "the_race")
    page.run_all()
    page.button("Run").click()
    for _ in range(3):
        goes_on(page)
    reload(page)
    assert first_moment(page.page.locator(".jp-Notebook")) == ["evaluation 1"] * 3
    assert page.ask("print(the_race.working)") == "True"
    goes_on(page)
    page.button("Stop").click()
    page.ask("gate.release(3)")
    says(page, "Stopped.")
    page.close()


def test_without_a_connection_every_panel_says_so_and_works_again_when_it_is_back(all_panels):
    all_panels.page.context.set_offline(True)
    all_panels.page.evaluate(f"{browser.NOTEBOOK}.sessionContext.session.kernel._ws.close(4000)")
    says_in_each(all_panels, AWAY)
    assert all_panels.page.evaluate(CAN_BE_USED) == []
    all_panels.page.context.set_offline(False)
    all_panels.page.evaluate(f"{browser.NOTEBOOK}.sessionContext.session.kernel.reconnect().then(() => 0)")
    all_is_well(all_panels)
    goes_on(all_panels)
    all_panels.button("Stop").click()
    all_panels.ask("gate.release(3)")
    says(all_panels, "Stopped.")


def test_after_a_restart_every_panel_says_what_to_do_and_its_pictures_stay(all_panels):
    all_panels.page.evaluate(f"{browser.NOTEBOOK}.sessionContext.restartKernel().then(() => 0)")
    says_in_each(all_panels, LOST)
    assert all_panels.page.evaluate(CAN_BE_USED) == []
    assert all_panels.page.evaluate(CHAINS) == 0
    assert first_moment(all_panels.page.locator(".jp-Notebook")) == ["evaluation 1"] * 3  # it needs no kernel
    rate = all_panels.page.get_by_role("slider", name="learning rate")
    before = rate.get_attribute("aria-valuenow")
    rate.press("ArrowRight")
    assert rate.get_attribute("aria-valuenow") != before
    reload(all_panels)
    says_in_each(all_panels, ABSENT)
    assert all_panels.page.get_by_text("Error displaying widget").locator("visible=true").count() == 0
    all_panels.run_all()
    all_is_well(all_panels)


def test_a_kernel_that_dies_is_told_too(all_panels):
    all_panels.ask("import os, threading; threading.Timer(0.5, os._exit, [1]).start()")
    says_in_each(all_panels, LOST)
    assert all_panels.page.evaluate(CAN_BE_USED) == []
