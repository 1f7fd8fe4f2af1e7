"""The website in a browser without a network: every page, every link, every panel touched.

Here one lesson's pages are made, in quick mode. A whole website that was made before is looked at in the same way by
python tests/browser/test_website.py FOLDER [AXE]
where AXE is the file axe.min.js of the package axe-core: with it each page is also held against WCAG 2.2 AA.
"""

import contextlib
import functools
import gzip
import http.server
import itertools
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "lessons")]  # which is no package: authors run its programs

import website  # noqa: E402
from web import recorded  # noqa: E402
from web.media import Media  # noqa: E402

from style_helpers.panels.panel import Panel  # noqa: E402
from style_helpers.settings import QUICK  # noqa: E402
from tests.browser import browser  # noqa: E402

LESSON = "05_descending_to_a_picture"
NARROW = {"width": 360, "height": 740}
MOST_AT_FIRST, MOST = 300_000, 60_000_000  # bytes, of a page's first view as it travels, and of the whole
TEXTS = (".html", ".css", ".js", ".svg")  # which a server sends compressed
TOUCHED = "[role=slider], [role=radio], [role=gridcell], button:not([disabled])"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = """rules => axe.run({preload: false, runOnly: rules})
    .then(({violations}) => violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html.slice(0, 90))}`))"""
FRONTS = '<script defer src="_static/fronts.js"></script>'  # only a page with panels has it
# Icons that nothing is drawn for: their places would show an empty box
BLANK = """[...document.querySelectorAll("[class*='fa-']")]
    .filter(icon => !getComputedStyle(icon, "::before").maskImage.startsWith("url")).map(icon => icon.className)"""


# What is looked at, in a site's folder


class Links(HTMLParser):
    """The addresses in a page, those of what it loads apart, and the places in it that others may lead to."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.loaded, self.places = [], [], {""}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.places |= {given.get("id"), given.get("name")}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and "href" in given:
            self.loaded.append(given["href"])
        self.loaded += [given["src"]] if "src" in given else []
        self.loaded += [part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()]


def pages_of(site: Path) -> list[Path]:
    return sorted(page for language in ("en", "zh") for page in (site / language).glob("*.html"))


def dead_links(site: Path) -> list[str]:
    """Those that lead nowhere, and what a page would load from elsewhere."""
    read = functools.cache(lambda page: Links(page.read_text(encoding="utf-8")))
    dead = []
    for page in pages_of(site):
        for address in [*read(page).links, *read(page).loaded]:
            parts = urlsplit(address)
            if parts.scheme in ("http", "https", "mailto"):
                dead += [f"{page}: loads {address}"] if address in read(page).loaded else []
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            place = unquote(parts.fragment)
            if not target.is_file() or (target.suffix == ".html" and place not in read(target).places):
                dead.append(f"{page}: {address}")
    return dead


@contextlib.contextmanager
def opened(chromium, address: str, **look) -> Iterator:
    """A page without a network. Whatever it complains about, or asks of anything but its folder, is an error."""
    context = chromium.new_context(**{"offline": address.startswith("file:"), "viewport": NARROW, **look})
    page, wrong = context.new_page(), []
    page.on("console", lambda message: message.type in ("error", "warning") and wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"{request.url}: {request.failure}"))
    page.goto(address)
    yield page
    wrong = [each for each in wrong if not each.endswith("net::ERR_ABORTED")]  # by the next page, asked for meanwhile
    context.close()
    assert wrong == [], address


def touch(page) -> int:
    """Scrolls to every panel, chooses each of its records, and touches it. Returns how many panels there are."""
    mounts = page.locator(".nst-mount")
    for mount in mounts.all():
        mount.evaluate("node => node.scrollIntoView()")
        mount.locator(".nst").first.wait_for()
        records = mount.locator(":scope > label option")
        for choice in [option.get_attribute("value") for option in records.all()]:
            mount.locator("select").select_option(choice)
            page.wait_for_function(
                "([node, name]) => node.dataset.shown === name", arg=[mount.element_handle(), choice]
            )
            all_change_when_touched(mount)
        if not records.count():
            all_change_when_touched(mount)
    return mounts.count()


def all_change_when_touched(mount):
    """In each front of it something answers to a key; what has nothing to touch, such as an open answer, has words."""
    for front in mount.locator(".nst").all():
        changes_when_touched(front)


def changes_when_touched(front):
    before = front.evaluate("node => node.outerHTML")
    controls = (control for control in front.locator(TOUCHED).all() if control.is_visible())  # a matrix has hundreds
    tried = 0
    for tried, control in enumerate(controls, 1):  # noqa: B007
        for key in ("ArrowRight", "ArrowLeft", "Enter"):
            control.press(key)
            if front.evaluate("node => node.outerHTML") != before:
                return
    if tried or not front.inner_text():
        raise AssertionError(f"Nothing answers in {before[:300]}")


def too_wide(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def first_view(chromium, address: str) -> int:
    """The bytes of all that a page asks for before anybody scrolls, compressed as a server would."""
    asked = set()
    with opened(chromium, "about:blank") as page:
        page.on("request", lambda request: asked.add(Path(unquote(urlsplit(request.url).path))))
        page.goto(address)
        page.wait_for_load_state("networkidle")
    return sum(len(gzip.compress(file.read_bytes())) if file.suffix in TEXTS else file.stat().st_size for file in asked)


# The tests


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("web") / "under a path" / "course"
    folder.parent.mkdir()
    command = [sys.executable, str(ROOT / "lessons" / "website.py"), str(folder), LESSON[:2]]
    surroundings = os.environ | {"STYLE_HELPERS_QUICK": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def all_panels(site, tmp_path_factory) -> Path:
    """A page like the site's with every panel of `recorded.CHOICES` in two of its choices."""
    folder = tmp_path_factory.mktemp("panels")
    media = Media(folder / "media")
    return page_with("".join(media.panel(two_records(kind)) for kind in recorded.CHOICES), site, folder)


def two_records(kind: type[Panel]) -> list[dict]:
    """The records of a panel's first two choices, with the smallest work."""
    choose = recorded.CHOICES[kind]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(QUICK, "1")
        patch.setitem(recorded.CHOICES, kind, lambda panel: itertools.islice(choose(panel), 2))
        panel = kind()
        if hasattr(panel, "size"):
            panel.size.value = panel.size.min
        records = recorded.records(panel)
    assert len(records) == 2
    return records


def page_with(article: str, site: Path, folder: Path) -> Path:
    """A page like the gallery, with this under its title, and with the fronts, in a new site in this folder."""
    like, made = site / "en" / "gallery.html", folder / "en" / "panels.html"
    shutil.copytree(like.parent / "_static", made.parent / "_static")
    text = like.read_text(encoding="utf-8").replace("<script", f"{FRONTS}<script", 1)
    before, rest = text.split("</h1>", 1)
    made.write_text(f"{before}</h1>{article}</section></article>{rest.partition('</article>')[2]}", encoding="utf-8")
    return made


@pytest.fixture
def chromium(one_chromium):
    return one_chromium


def test_no_link_is_dead_and_nothing_comes_from_elsewhere(site):
    assert dead_links(site) == []
    assert {page.name for page in pages_of(site)} > {
        f"{LESSON}.html",
        "api_losses.html",
        "gallery.html",
        "teaching.html",
    }


def test_every_page_is_quiet_and_fits_on_a_telephone(site, chromium):
    for address in pages_of(site):
        with opened(chromium, address.as_uri()) as page:
            assert too_wide(page) <= 0, address
            assert page.evaluate(BLANK) == [], address


def test_the_tables_of_lessons_and_modules_have_these_alone(site, chromium):
    with opened(chromium, (site / "en" / "lessons.html").as_uri()) as page:
        assert page.locator("article tbody tr").count() == len(website.lessons())
    with opened(chromium, (site / "en" / "api.html").as_uri()) as page:
        link = page.get_by_role("link", name="images", exact=True)
        assert "pictures to tensors" in page.locator("article tr").filter(has=link).inner_text()
    with opened(chromium, (site / "en" / "api_losses.html").as_uri()) as page:
        said = page.locator("article").inner_text()
        assert "take half the sum, 1/2 sum (F - P)^2" in said
        assert "overridden" not in said  # which is what torch says of its own forward


def test_every_panel_is_alive_without_a_kernel(site, chromium):
    with opened(chromium, (site / "en" / f"{LESSON}.html").as_uri()) as page:
        assert touch(page) >= 5  # predictions and their answers, the toy, the race


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_recorded_panel_is_alive_on_a_page(all_panels, chromium, scheme):
    with opened(chromium, all_panels.as_uri(), color_scheme=scheme) as page:
        assert touch(page) == len(recorded.CHOICES)
        assert too_wide(page) <= 0


@pytest.mark.parametrize(
    ("language", "says", "again"), [("en", "did not come", "Try again"), ("zh", "没有取到", "再试一次")]
)
def test_a_record_that_does_not_come_says_so_and_is_asked_for_again(site, chromium, language, says, again):
    page = chromium.new_page(viewport=NARROW, offline=True)
    page.goto((site / language / f"{LESSON}.html").as_uri())
    panel = page.locator(".nst-panel").first
    record = site / "media" / f"{panel.locator('option').first.get_attribute('value')}.js"
    away = record.rename(record.with_suffix(".away"))
    panel.scroll_into_view_if_needed()
    alert, button = panel.get_by_role("alert"), panel.get_by_role("button", name=again)
    alert.wait_for()
    assert says in alert.inner_text()
    button.click()  # the file is still away
    page.wait_for_function("document.activeElement.matches('.nst-stage')")
    assert says in alert.inner_text()
    away.rename(record)
    button.click()
    panel.locator(".nst").first.wait_for()
    assert alert.count() == button.count() == 0
    page.close()


def test_a_guess_on_a_page_opens_its_answer(site, chromium):
    with opened(chromium, (site / "en" / f"{LESSON}.html").as_uri()) as page:
        for mount in page.locator(".nst-mount").all():
            mount.evaluate("node => node.scrollIntoView()")
            mount.locator(".nst").first.wait_for()
        question, answer = page.locator(".nst-choices").first, page.locator(".nst-mount:has(.nst-answer)").first
        assert answer.get_by_role("button", name="Show the answer").is_visible()
        question.get_by_role("radio").first.click()
        assert "your guess" in answer.inner_text()
        assert "measured" in answer.inner_text()


def test_the_switch_of_language_stays_in_its_section(site, chromium):
    wide = {"width": 1280, "height": 800}
    with opened(chromium, (site / "en" / f"{LESSON}.html").as_uri(), viewport=wide) as page:
        page.locator("article section").nth(6).evaluate("node => node.scrollIntoView()")
        page.locator("a.language:visible").evaluate("node => node.click()")  # Playwright's own would scroll first
        page.wait_for_url(f"**/zh/{LESSON}.html#*")
        arrived = page.locator("article section").nth(6)
        page.wait_for_function("id => decodeURIComponent(location.hash) === `#${id}`", arg=arrived.get_attribute("id"))
        assert 0 <= arrived.bounding_box()["y"] < 160  # under the page's own head
        assert page.locator("html").get_attribute("lang").startswith("zh")


@pytest.mark.parametrize(("language", "question"), [("en", "learning rate"), ("zh", "内容距离")])
def test_what_is_asked_is_found(site, chromium, language, question):
    with opened(chromium, (site / language / "search.html").as_uri()) as page:
        page.locator("#search-input, main input[type=search]").first.fill(question)
        page.keyboard.press("Enter")
        page.locator(f"#search-results a[href*='{LESSON}']").first.wait_for()
        page.locator("main input[type=search]").first.fill("zyxwv")
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelector('#search-results ul.search')?.children.length === 0")


def test_light_and_dark_are_chosen_and_kept(site, chromium):
    with opened(chromium, (site / "en" / "index.html").as_uri(), viewport={"width": 1280, "height": 800}) as page:
        grounds = set()
        for theme in ("light", "dark"):
            page.evaluate("theme => localStorage.setItem('mode', theme) || localStorage.setItem('theme', theme)", theme)
            page.reload()
            assert page.locator("html").get_attribute("data-theme") == theme
            grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert len(grounds) == 2


def test_on_a_server_too_under_any_path_and_in_the_dark(site, chromium):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    serve = functools.partial(Quiet, directory=site.parent.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/under%20a%20path/course"
        with opened(chromium, f"{address}/index.html") as page:
            page.wait_for_url("**/en/index.html")
        with opened(chromium, f"{address}/zh/{LESSON}.html", color_scheme="dark") as page:
            touch(page)
        server.shutdown()


def test_slides_are_shown_and_turned(site, chromium):
    for language in ("en", "zh"):
        address = (site / "slides" / language / f"{LESSON}.html").as_uri()
        with opened(chromium, address, viewport={"width": 1280, "height": 720}) as page:
            page.wait_for_function("Reveal.isReady()")
            page.keyboard.press("ArrowRight")
            page.wait_for_function("Reveal.getIndices().h === 1")
            assert page.locator("section.present:visible").last.inner_text()
            assert page.evaluate("[...document.images].every(image => image.src.startsWith('file:'))")


def test_the_first_view_is_light(site, chromium):
    assert first_view(chromium, (site / "en" / f"{LESSON}.html").as_uri()) < MOST_AT_FIRST


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    kept = tmp_path / "thesis.txt"
    kept.write_text("mine")
    with pytest.raises(SystemExit):
        website.main([str(tmp_path)])
    assert kept.read_text() == "mine"


def test_a_kernel_that_dies_is_told_of_in_words_and_leaves_the_site_before(tmp_path, monkeypatch, capsys):
    def dies(self):
        raise website.DeadKernelError("Kernel died")

    monkeypatch.setattr(website.Site, "write", dies)
    (tmp_path / website.MARK).write_text(website.OURS)
    assert website.main([str(tmp_path), "05"]) == 1
    assert "memory runs out" in capsys.readouterr().err
    assert (tmp_path / website.MARK).exists()


def test_the_one_style_sheet_has_all_that_fronts_have(site):
    classes = re.compile(r"\.nst[\w-]*")
    one = (site / "en" / "_static" / "all.css").read_text(encoding="utf-8")
    of_fronts = re.sub(r"[^{}]*\.widget-[^{}]*{[^}]*}", "", website.all_fronts()[1])  # ipywidgets are on no page
    assert set(classes.findall(one)) >= set(classes.findall(of_fronts)) > {".nst", ".nst-film"}


def test_every_panel_has_its_record():
    website.all_fronts()  # imports them all
    waiting, found = [Panel], set()
    while waiting:
        below = [each for each in waiting.pop().__subclasses__() if each.__module__.startswith("style_helpers.")]
        waiting += below
        found |= {each for each in below if not each.__subclasses__()}
    assert found == set(recorded.CHOICES)


# A whole website


def look_at(site: Path, axe: Path | None):
    """Looks at every page, and says what is wrong."""
    wrong = dead_links(site)
    size = sum(file.stat().st_size for file in site.rglob("*") if file.is_file())
    views = {}
    with browser.browser() as chromium:
        for address in pages_of(site):
            for scheme in ("light", "dark"):
                try:
                    with opened(chromium, address.as_uri(), color_scheme=scheme) as page:
                        wrong += [f"{address}: too wide by {too_wide(page)}"] if too_wide(page) > 0 else []
                        touched = touch(page)
                        if axe:
                            page.evaluate(axe.read_text(encoding="utf-8"))
                            wrong += [f"{address}, {scheme}: {each}" for each in page.evaluate(AXE, RULES)]
                except Exception as error:
                    wrong.append(f"{address}: {error}")
            views[address] = first_view(chromium, address.as_uri())
            print(f"{address.relative_to(site)}: {touched} panels, {views[address] / 1000:.0f} kB at first", flush=True)
    wrong += [f"{page}: {view:,} bytes at first" for page, view in views.items() if view > MOST_AT_FIRST]
    wrong += [f"{size:,} bytes in all"] if size > MOST else []
    print(f"{len(views)} pages, {size / 1e6:.1f} MB in all; at first at most {max(views.values()) / 1000:.0f} kB.")
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    look_at(Path(sys.argv[1]).resolve(), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
