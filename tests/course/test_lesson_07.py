"""What lesson 07 says is so: its receptive field, its formulas, the settings in the file, the credits."""

import ast
import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from PIL import Image

from style_helpers import colours, images, losses, networks
from style_helpers.course import checks, feedback
from style_helpers.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
LESSON = (ROOT / "lessons" / "07_better_pictures.md").read_text(encoding="utf-8")
CREDITS = (ROOT / "images" / "CREDITS.md").read_text(encoding="utf-8")


def value_of(name: str):
    """What the lesson assigns to a name, where it is written out as a literal."""
    (source,) = re.findall(rf"^{name} = (\{{.*?^\}}|.*?)$", LESSON, flags=re.MULTILINE | re.DOTALL)
    return ast.literal_eval(source)


def test_the_receptive_field_is_that_of_the_deepest_style_layer():
    names = networks.layer_names("vgg16")
    side = jump = 1
    for name in names[: names.index("relu5_1") + 1]:
        kernel, stride = {"conv": (3, 1), "pool": (2, 2), "relu": (1, 1)}[name[:4]]
        side, jump = side + (kernel - 1) * jump, jump * stride
    assert value_of("field") == side


def test_the_fields_that_paint_coarse_to_fine_are_those_of_fine():
    fine = Settings.fine()
    assert f"| `scales` | `{fine.scales}` |" in LESSON
    assert f"| `shares` | `{fine.shares}` |" in LESSON


def test_the_guided_gram_matrix_asked_is_the_one_that_paints():
    features = feedback.draw(1, 4, 5, 6)
    for mask in (torch.ones(1, 1, 5, 6), feedback.unit(1, 1, 5, 6)):
        asked = checks.masked_gram.exercise.right(features, mask)
        torch.testing.assert_close(asked, losses.gram_matrix(features, mask))
    everywhere = checks.masked_gram.exercise.right(features, torch.ones(1, 1, 5, 6))
    torch.testing.assert_close(everywhere, losses.gram_matrix(features))


def test_a_small_place_is_described_on_the_scale_of_a_large_one():
    features = torch.ones(1, 2, 4, 6)
    corner = torch.zeros(1, 1, 4, 6)
    corner[..., :1, :2] = 1
    small, large = (checks.masked_gram.exercise.right(features, mask) for mask in (corner, torch.ones(1, 1, 4, 6)))
    torch.testing.assert_close(small, large)


def test_the_transfer_of_luminance_keeps_colours_and_takes_brightness():
    content, painted = 0.4 + 0.2 * feedback.unit(1, 3, 4, 5), 0.4 + 0.2 * feedback.unit(1, 3, 4, 5, seed=1)
    moved = checks.luminance.exercise.right(content, painted)
    torch.testing.assert_close(colours.luminance(moved), colours.luminance(painted))
    torch.testing.assert_close(moved - colours.luminance(moved), content - colours.luminance(content))


def share_without_end(field, height, width):
    return field * field / height / width


def share_of_the_shorter_side(field, height, width):
    return min(1, field / min(height, width)) ** 2


def grey_mean(content, painted):
    return (content + painted.mean(dim=1, keepdim=True) - content.mean(dim=1, keepdim=True)).clamp(0, 1)


def no_clamp(content, painted):
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return content + ((painted - content) * weights).sum(1, keepdim=True)


def gram_over_all_positions(features, mask):
    rows = (features * mask).flatten(2)
    return rows @ rows.mT / features[0].numel()


def gram_of_the_rest(features, mask):
    rows = (features * (1 - mask)).flatten(2)
    return rows @ rows.mT / (features.shape[1] * ((1 - mask) ** 2).sum())


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("share_seen", share_without_end, "areas divided with no upper end"),
        ("share_seen", share_of_the_shorter_side, "a square of the shorter side"),
        ("share_seen", lambda field, height, width: 1 / share_without_end(field, height, width), "upside down"),
        ("luminance", grey_mean, "a plain mean of red, green and blue"),
        ("luminance", no_clamp, "not clamped"),
        ("luminance", lambda content, painted: colours.with_luminance(painted, content), "pictures exchanged"),
        ("masked_gram", lambda features, mask: losses.gram_matrix(features), "without the mask"),
        ("masked_gram", gram_over_all_positions, "a division by all positions"),
        ("masked_gram", gram_of_the_rest, "the mask turned around"),
    ],
)
def test_mistakes_as_learners_write_them(name, answer, words):
    said = getattr(checks, name)(answer)
    assert said.passed is False
    assert words in said.message


def test_settings_come_back_from_the_file_as_the_lesson_reads_them(tmp_path):
    settings = Settings.fine(network="vgg16", style_weight=7.5, colours="matched")
    path = images.save(torch.zeros(1, 3, 16, 16), tmp_path / "a.png", {"Settings": json.dumps(asdict(settings))})
    with Image.open(path) as saved:
        fields = json.loads(saved.text["Settings"])
    assert (
        Settings(**{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()})
        == settings
    )


def test_every_artist_of_the_styles_is_in_the_table_of_years():
    artists = {name.lower().replace(" ", "-") for name in value_of("died")}
    for path in images.STYLE.iterdir():
        assert any(path.name.startswith(f"{artist}-") for artist in artists), path.name


def test_the_picture_of_the_end_names_those_whom_the_credits_name():
    content, style = value_of("my_content_name"), value_of("my_style_name")
    (credit,) = re.findall(r'^    "Credit": "(.*)",$', LESSON, flags=re.MULTILINE)
    rows = {
        name: next(row for row in CREDITS.splitlines() if row.startswith(f"| {name} |")) for name in (content, style)
    }
    photographer, licence = re.search(r"\| ([^|\[]+), \[([^\]]+)\]", rows[content]).groups()
    assert f"photograph: {photographer}, {licence}" in credit
    assert f"artwork: {rows[style].split('|')[2].strip()}" in credit
