"""Lesson 07: what is said of wrong answers, and that its text is so: receptive field, formulas, settings, credits."""

import ast
import json
import re
from dataclasses import asdict
from pathlib import Path

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


SHARE, AREA = "min(field, height) * min(field, width)", "(height * width)"
MOVED = "content + brightness_of_painted - brightness_of_content"
GUIDED = "(features.shape[1] * mask.square().sum())"
WRONG = {
    "share_seen": [
        ("areas divided with no upper end", SHARE, "field**2"),
        ("an upper end of 1 for the areas alone", f"{SHARE} / {AREA}", f"min(1, field**2 / {AREA})"),
        ("`max` in place of `min`", "min", "max"),
        ("the height cut off and the width not", "min(field, width)", "field"),
        ("a square cut at the shorter side", SHARE, "min(field, height, width) ** 2"),
        ("a square of the shorter side", f"{SHARE} / {AREA}", "min(1, field / min(height, width)) ** 2"),
        ("the rows seen, squared", "min(field, width)", "min(field, height)"),
        (
            "everything seen as soon as",
            "    return",
            "    if field > height or field > width:\n        return 1.0\n    return",
        ),
        (
            "the sum of the two sides' shares",
            f"{SHARE} / {AREA}",
            "min(field, height) / height + min(field, width) / width",
        ),
        ("the larger of the two sides' shares", f"{SHARE} / {AREA}", "min(1, max(field / height, field / width))"),
        (
            "a share of the edge",
            f"{SHARE} / {AREA}",
            "(min(field, height) + min(field, width)) / (height + width)",
        ),
        ("a division by the sum of the sides", AREA, "(height + width)"),
        ("a width that multiplies in place of dividing", AREA, "height * width"),
        ("percent", "return", "return 100 *"),
        ("a rounded percentage", f"{SHARE} / {AREA}", f"round(100 * {SHARE} / {AREA})"),
        ("a division by the height alone", AREA, "height"),
        ("a rounded share", f"{SHARE} / {AREA}", f"round({SHARE} / {AREA}, 2)"),
        ("a division without its remainder", ") / (", ") // ("),
        ("half a field", "min(field", "min(field / 2"),
        (
            "Your function never uses `field`",
            "field",
            "132",
            "def my_share(132",
            "def my_share(field",
            "of 132 x 132",
            "of",
        ),
        ("This is a plain number", "min(field, height)", "field.clamp(max=height)"),
        ("a division by the square's own area", AREA, "field**2"),
        ("what lies beside the square", SHARE, "(height - field) * (width - field)"),
        ("the share that is not seen", "return", "return 1 -"),
        ("the number of pixels seen", f" / {AREA}", ""),
        ("the fraction upside down", f"{SHARE} / {AREA}", f"{AREA} / ({SHARE})"),
        (
            "of type tuple, but a number is asked",
            f"{SHARE} / {AREA}",
            "min(field, height) / height, min(field, width) / width",
        ),
        ("of type str, but a number is asked", f"{SHARE} / {AREA}", f"f'{{{SHARE} / {AREA}:.0%}}'"),
    ],
    "luminance": [
        ("a transfer that is not clamped", ".clamp(0, 1)", ""),
        ("a transfer with no upper end", "clamp(0, 1)", "clamp(0, 255)"),
        ("a transfer with no lower end", "clamp(0, 1)", "clamp(max=1)"),
        (
            "a clamp before the end",
            f"({MOVED}).clamp(0, 1)",
            "(content + brightness_of_painted).clamp(0, 1) - brightness_of_content",
        ),
        ("a sigmoid", ".clamp(0, 1)", ".sigmoid()"),
        (
            "a plain mean of red, green and blue",
            "(weights * content).sum",
            "content.mean",
            "(weights * painted).sum",
            "painted.mean",
        ),
        (
            "a sum of red, green and blue without weights",
            "(weights * content)",
            "content",
            "(weights * painted)",
            "painted",
        ),
        ("a mean of the weighted colours", ".sum(", ".mean("),
        ("weighted colours that are not added up", ".sum(1, keepdim=True)", ""),
        ("weighted colours that are not added up", ".sum(1, keepdim=True)", ".sum(0)"),
        ("a sum over the rows", "sum(1", "sum(2"),
        ("the order blue, green, red", "0.299, 0.587, 0.114", "0.114, 0.587, 0.299"),
        ("weights of another standard", "0.299, 0.587, 0.114", "0.2126, 0.7152, 0.0722"),
        ("0.229 in place of 0.299", "0.299", "0.229"),
        ("a luminance without its blue", "0.114", "0.0"),
        ("the weights of red and green exchanged", "0.299, 0.587", "0.587, 0.299"),
        ("a sum over the columns", "sum(1", "sum(3"),
        ("weights at the place of the batch", "view(1, 3,", "view(3, 1,"),
        ("Make a tensor", "torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)", "[0.299, 0.587, 0.114]"),
        ("the painting in place of the photograph", "return (content", "return (painted"),
        ("the difference of the luminances alone", "content + brightness_of_painted", "brightness_of_painted"),
        ("one sum for the whole picture", ".sum(1, keepdim=True)", ".sum()"),
        ("rounded weights", "0.299, 0.587, 0.114", "0.3, 0.59, 0.11"),
        (
            "red in place of the luminance",
            "(weights * content).sum(1, keepdim=True)",
            "content[:, 0:1]",
            "(weights * painted).sum(1, keepdim=True)",
            "painted[:, 0:1]",
        ),
        ("one luminance for the whole picture", ".sum(1, keepdim=True)", ".sum(1).mean()"),
        (
            "the two pictures exchanged",
            MOVED,
            "painted + brightness_of_content - brightness_of_painted",
        ),
        ("the sign turned", "+ brightness_of_painted - ", "- brightness_of_painted + "),
        ("a luminance added to another", " - brightness_of_content", ""),
        ("a luminance taken away alone", " + brightness_of_painted", ""),
        (
            "a product with the difference",
            MOVED,
            "content * (brightness_of_painted - brightness_of_content)",
        ),
        ("all the painting's colours added", "+ brightness_of_painted -", "+ painted -"),
        ("the painting as it is", f"({MOVED}).clamp(0, 1)", "painted"),
        ("a dimension of 1 is missing", ".clamp(0, 1)", ".clamp(0, 1)[0]"),
        (
            "changes its argument `content`",
            "return (content +",
            "content +=",
            "content).clamp(0, 1)",
            "content\n    return content.clamp(0, 1)",
        ),
        ("stops with", ".view(1, 3, 1, 1)", ""),
    ],
    "masked_gram": [
        ("a product without the mask", "(features * mask)", "features"),
        ("a division by all positions", GUIDED, "features[0].numel()"),
        ("a division by all positions and by the sum", GUIDED, "(features[0].numel() * mask.square().sum())"),
        ("a division by the mean of T^2", "square().sum()", "square().mean()"),
        ("a division by the sum of T. ", "mask.square()", "mask"),
        ("a division by the square of the sum", "mask.square().sum()", "mask.sum() ** 2"),
        ("a division by the count of positions", "mask.square()", "(mask > 0)"),
        ("a mask on one side, divided by", "rows.transpose(1, 2)", "features.flatten(2).transpose(1, 2)"),
        ("a mask squared before the product", "* mask)", "* mask**2)"),
        ("a mask that is added", "features * mask", "features + mask"),
        ("a division by C that is missing", "features.shape[1] * ", ""),
        ("a division by C that is missing", "features.shape[1]", "features.shape[0]"),
        ("64 in place of C", "features.shape[1]", "64"),
        ("a division by the sum of T^2 twice", "mask.square().sum()", "mask.square().sum() ** 2"),
        ("a division by the sum of T alone", GUIDED, "mask.sum()"),
        ("all channels in one row", ".flatten(2)", ".flatten(1)", "rows.transpose(1, 2)", "rows.T"),
        ("the squares of the channels alone", "rows @ rows.transpose(1, 2)", "(rows * rows).sum(2)"),
        ("positions above one half, divided by", "features * mask", "features * (mask > 0.5)"),
        ("a division by C^2", "features.shape[1]", "features.shape[1] ** 2"),
        ("a division by the height in place of C", "shape[1]", "shape[2]"),
        ("a division by C plus the sum", "shape[1] *", "shape[1] +"),
        ("a sum that multiplies", GUIDED, GUIDED[1:-1]),
        ("a product not divided", f" / {GUIDED}", ""),
        ("positions with a mask above one half alone", "rows =", "mask = (mask > 0.5).float()\n    rows ="),
        ("positions with a mask of 1 alone", "(features * mask).flatten(2)", "features[..., mask[0, 0] == 1]"),
        ("the mask turned around", "rows =", "mask = 1 - mask\n    rows ="),
        ("positions times positions", "rows @ rows.transpose(1, 2)", "rows.transpose(1, 2) @ rows"),
        ("positions mixed up", ".flatten(2)", ".reshape(1, -1, features.shape[1]).transpose(1, 2)"),
        ("channels mixed up", ".flatten(2)", ".permute(0, 2, 3, 1).reshape(1, features.shape[1], -1)"),
        (
            "a matrix without a batch",
            "(features * mask).flatten(2)",
            "(features * mask)[0].flatten(1)",
            "transpose(1, 2)",
            "T",
        ),
        ("changes its argument `features`", "rows = (features * mask)", "features *= mask\n    rows = features"),
        ("leave out `.detach()`", "(features * mask)", "(features.detach() * mask)"),
    ],
}


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
