"""A recorded run on a plain page, walked through without a kernel, and one that grows."""

import pytest
import torch

from style_helpers.panels.film import Film


def grey(level):
    return torch.full((1, 3, 40, 60), level)


MOMENTS = [(number, grey(number / 10)) for number in (1, 3, 5, 9)]


@pytest.fixture
def film():
    made = Film(width=300, empty="Nothing yet.")
    made.begin(grey(1.0), "photo", "a white square and a grey one")
    return made


def shown(page):
    """What stands at the right of the picture, and the picture's own grey."""
    picture = page.locator(".nst-wipe-after img")
    level = picture.evaluate("""async (each) => {
        await each.decode();
        const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
        canvas.getContext("2d").drawImage(each, 0, 0);
        return canvas.getContext("2d").getImageData(0, 0, 1, 1).data[0] / 255;
    }""")
    return page.locator(".nst-wipe-right").inner_text(), pytest.approx(level, abs=0.01)


def test_a_recorded_run_is_walked_through(on_page, film):
    film.record(MOMENTS)
    page = on_page(film)
    assert shown(page) == ("evaluation 1", 0.1)
    page.get_by_role("radio", name="evaluation 1").focus()
    page.keyboard.press("ArrowRight")
    assert shown(page) == ("evaluation 3", 0.3)
    page.keyboard.press("End")
    assert shown(page) == ("evaluation 9", 0.9)
    assert page.evaluate("saved.at(-1)") == {"chosen": 3}
    slider = page.get_by_role("slider", name="a white square and a grey one")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "the left 5 %: photo"


def test_in_a_notebook_the_large_picture_comes_when_it_is_asked_for(on_page, film):
    film.keep(MOMENTS)
    film.show(3, 12, grey(0.95))  # the run went on since the ninth
    page = on_page(film)
    assert shown(page) == ("evaluation 12", 0.95)
    page.get_by_role("radio", name="evaluation 5").click()
    assert shown(page) == ("evaluation 5", 0.5)  # small, until Python sends the large one


def test_while_there_is_nothing_it_says_so_and_then_it_grows(on_page, film):
    page = on_page(film)
    assert page.get_by_text("Nothing yet.").is_visible()
    film.keep(MOMENTS[:1])
    given = film.recorded()
    page.evaluate("""async ({ newest, picture }) => {
        const file = Uint8Array.from(atob(picture), (each) => each.charCodeAt(0));
        model.set("newest", { ...newest, picture: file });
    }""", {"newest": given["newest"], "picture": given["newest"]["picture"]["base64"]})  # fmt: skip
    assert shown(page) == ("evaluation 1", 0.1)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_what_is_kept_is_not_made_again(film):
    film.keep(MOMENTS[:3])
    first = film.pictures[0]
    film.keep(MOMENTS)
    assert film.pictures[0] is first
    film.keep(MOMENTS[::2])  # thinned
    assert [each["evaluation"] for each in film.pictures] == [1, 5]
    assert film.pictures[0] is first


def test_who_looks_at_a_moment_goes_on_looking_at_it_when_the_strip_is_thinned(film):
    moments = [(number, grey(0.5)) for number in range(1, 9)]
    film.keep(moments)
    film.show(4, 5, grey(0.5))
    film.keep(moments[::2])
    assert film.pictures[film.chosen]["evaluation"] == 5
    film.show(1, 3, grey(0.5))
    film.keep(moments[::4])
    assert film.pictures[film.chosen]["evaluation"] in (1, 5)
