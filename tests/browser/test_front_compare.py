"""Before and after on a plain page: the real pictures and numbers, chosen without a kernel."""

import pytest

from style_helpers.panels.before_after import RECIPES, TECHNIQUES, BeforeAfter


@pytest.fixture(scope="module")
def front():
    return BeforeAfter().view


@pytest.fixture
def page(on_page, front):
    return on_page(front, 360, 900)


def chosen(page):
    return page.get_by_role("radio", checked=True)


def test_a_click_or_an_arrow_key_shows_another_technique_with_its_numbers(page, front):
    assert chosen(page).inner_text() == "coarse to fine"
    page.get_by_role("radio", name="total variation").click()
    row = front.rows[list(TECHNIQUES).index("total variation")]
    for text in (row["words"], row["verdict"], row["code"], *row["lines"][0], *row["lines"][1]):
        assert page.get_by_text(text, exact=True).first.is_visible()
    page.keyboard.press("ArrowDown")
    assert chosen(page).inner_text() == list(TECHNIQUES)[3]
    assert chosen(page).evaluate("each => each === document.activeElement")
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")  # from the last to the first
    assert chosen(page).inner_text() == "coarse to fine"
    assert page.evaluate("saved.at(-1)") == {"chosen": 0}


def test_the_wipe_shows_the_two_pictures_of_the_technique(page):
    page.get_by_role("radio", name="style scale").click()
    wipe = page.get_by_role("slider", name="A wipe from Gatys, plain, at the left, to half the strokes")
    wipe.focus()
    page.keyboard.press("ArrowRight")
    assert wipe.get_attribute("aria-valuetext") == "the left 55 %: Gatys, plain"
    sources = page.evaluate(
        "Promise.all([...document.images].map(async each => (await (await fetch(each.src)).arrayBuffer()).byteLength))"
    )
    pictures = page.evaluate("model.get('pictures').map(each => each.byteLength)")
    names = [RECIPES[name].name for name in TECHNIQUES["style scale"].recipes]
    assert names == ["Gatys, plain", "half the strokes"]
    row = page.evaluate("model.get('rows')[model.get('chosen')]")
    assert sources == [pictures[row["after"]], pictures[row["before"]]]


def test_what_is_not_computed_says_so_and_shows_no_numbers(page):
    page.evaluate("model.set('rows', model.get('rows').map(({ name, words, code }) => ({ name, words, code })))")
    assert page.get_by_text("For these choices nothing was computed yet.").is_visible()
    assert page.get_by_text("before: Settings").is_hidden()


@pytest.mark.parametrize("width", [360, 1000])
def test_it_fits_the_page(on_page, front, width):
    page = on_page(front, width, 900)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for tile in page.get_by_role("radio").all():
        assert tile.bounding_box()["height"] >= 44
