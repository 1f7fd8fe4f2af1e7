import torch
from hypothesis import given
from hypothesis import strategies as st

from style_helpers import colours


def draw(height, width, seed):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_luminance_of_plain_colours():
    for colour, bright in ((0, 0.299), (1, 0.587), (2, 0.114)):
        picture = torch.zeros(1, 3, 2, 2)
        picture[:, colour] = 1
        torch.testing.assert_close(colours.luminance(picture), torch.full((1, 3, 2, 2), bright))
    torch.testing.assert_close(colours.luminance(torch.ones(1, 3, 2, 2)), torch.ones(1, 3, 2, 2))


def test_a_picture_with_its_own_luminance_is_itself():
    picture = draw(6, 7, 0)
    torch.testing.assert_close(colours.with_luminance(picture, picture), picture)


def test_with_luminance_takes_brightness_from_one_and_colour_from_the_other():
    mild, grey = 0.4 + 0.2 * draw(6, 7, 0), colours.luminance(0.4 + 0.2 * draw(6, 7, 1))
    mixed = colours.with_luminance(mild, grey)
    torch.testing.assert_close(colours.luminance(mixed), grey)
    torch.testing.assert_close(mixed - colours.luminance(mixed), mild - colours.luminance(mild))


@given(st.integers(0, 10**6), st.integers(4, 20), st.integers(4, 20))
def test_matched_colours_have_the_other_pictures_mean_and_covariance(seed, height, width):
    style = 0.3 + 0.1 * draw(height, width, seed)
    content = 0.4 + 0.1 * draw(width, height, seed + 1)  # far from 0 and 1, so that nothing is clamped
    ours, theirs = (picture.double().flatten(2)[0] for picture in (colours.matched(style, content), content))
    torch.testing.assert_close(ours.mean(1), theirs.mean(1), atol=1e-4, rtol=0)
    torch.testing.assert_close(torch.cov(ours), torch.cov(theirs), atol=5e-5, rtol=0.02)


def test_a_grey_picture_can_be_matched_too():
    matched = colours.matched(torch.full((1, 3, 5, 5), 0.5), draw(5, 5, 0))
    assert torch.isfinite(matched).all()


def test_a_picture_of_one_point_has_no_spread():
    assert colours.matched(torch.full((1, 3, 1, 1), 0.2), torch.rand(1, 3, 5, 5)).isfinite().all()


def test_colours_that_leave_the_range_are_clamped():
    """The brightest and the darkest colours of the one, on a picture of the other extreme."""
    dark, bright = draw(6, 7, 0) ** 4, 1 - draw(6, 7, 1) ** 4
    for picture in (colours.with_luminance(dark, bright), colours.with_luminance(bright, dark)):
        assert picture.min() >= 0
        assert picture.max() <= 1
        assert ((picture == 0) | (picture == 1)).any()
    two_coloured = torch.tensor([0.0, 1.0]).repeat(3, 8, 4)[None]
    for picture in (colours.matched(dark, two_coloured), colours.matched(draw(8, 8, 3), two_coloured)):
        assert picture.min() == 0
        assert picture.max() == 1


def test_matched_colours_keep_the_number_format():
    assert colours.matched(draw(5, 5, 0), draw(5, 5, 1)).dtype == torch.float32
