"""The wall on a plain page: the real pictures, compared, hung and judged without a kernel."""

import pytest

from style_helpers.panels.wall import Wall, judges, names


@pytest.fixture(scope="module")
def front():
    return Wall()


@pytest.fixture
def page(on_page, front):
    return on_page(front, 900, 900)


def press(page, name):
    page.get_by_role("button", name=name).click()


def hang_all(page, letters):
    """Each is brought under the wipe, if it is not there, and hung."""
    for letter in letters[:-1]:
        if page.get_by_role("button", name=f"Hang {letter} ").count() == 0:
            press(page, f"{letter}.")
        press(page, f"Hang {letter} ")


def table(page):
    return [row.split("\t") for row in page.locator("tbody").inner_text().split("\n") if row.strip()]


def test_two_are_compared_and_the_one_pressed_last_comes_at_the_right(page):
    press(page, "C.")
    assert page.evaluate("saved.at(-1)") == {"pair": [1, 2]}
    assert page.get_by_role("slider").get_attribute("aria-label") == "A wipe from B, at the left, to C"
    pressed = page.locator("[aria-pressed=true]").all_inner_texts()
    assert pressed == ["B", "C"]
    sources = page.evaluate(
        """Promise.all([...document.querySelectorAll('.nst-wipe img')].map(
            async each => (await (await fetch(each.src)).arrayBuffer()).byteLength))"""
    )
    sizes = page.evaluate("model.get('pictures').map(each => each.picture.byteLength)")
    assert sources == [sizes[2], sizes[1]]


def test_names_and_numbers_come_when_all_hang_and_not_before(page, front):
    hidden = [*names().values(), *(f"{n:.2f}" for each in front.pictures for n in each["numbers"].values())]
    hang_all(page, "DB")
    seen = page.locator("body").inner_text()
    assert not [each for each in hidden if each in seen]
    assert "D: number 1" in seen
    hang_all(page, "BAC")
    assert page.evaluate("model.get('order')") == [3, 1, 0, 2]  # the last one hung by itself
    seen = page.locator("body").inner_text()
    assert not [each for each in hidden if each not in seen]


def test_each_judges_order_is_that_of_its_numbers_beside_ones_own(page, front):
    hang_all(page, "CADB")
    mine, *theirs = table(page)
    assert mine == ["you", "C", "A", "D", "B"]
    for line, (name, words) in zip(theirs, judges().values(), strict=True):
        numbers = [each["numbers"][name] for each in front.pictures]
        order = sorted(range(4), key=numbers.__getitem__)
        assert line == [f"{name}: {words}", *(f"{'ABCD'[each]} {numbers[each]:.2f}" for each in order)]
        pairs = [(one, other) for place, one in enumerate("CADB") for other in "CADB"[place + 1 :]]
        agreed = sum(order.index("ABCD".index(one)) < order.index("ABCD".index(other)) for one, other in pairs)
        assert f"{name} on {agreed} of 6" in page.get_by_role("status").last.inner_text()


def test_all_can_be_taken_down_and_a_hung_one_hangs_once(page):
    press(page, "Hang A ")
    assert page.get_by_role("button", name="Hang A ").get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="Hang A ").click(force=True)
    assert page.evaluate("model.get('order')") == [0]
    press(page, "Take all down")
    assert page.evaluate("model.get('order')") == []
    assert page.get_by_role("table").count() == 0


def test_where_both_hang_already_it_says_what_to_press(page):
    press(page, "Hang A ")
    assert "hang already" not in page.get_by_role("status").last.inner_text()
    press(page, "Hang B ")
    assert "press one above that does not hang yet" in page.get_by_role("status").last.inner_text()


def test_without_pictures_it_says_why(page):
    page.evaluate("model.set('problem', 'It is missing.'), model.set('pictures', [])")
    assert page.get_by_text("It is missing.").is_visible()
    assert page.get_by_role("slider").is_hidden()
    assert page.get_by_role("button").count() == 0


@pytest.mark.parametrize("width", [360, 1000])
def test_it_fits_the_page(on_page, front, width):
    page = on_page(front, width, 900)
    hang_all(page, "ABCD")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    tops = page.evaluate("[...document.querySelectorAll('.nst-wall-tile')].map(each => each.offsetTop)")
    assert len(set(tops)) == (2 if width == 360 else 1)
