"""Pictures in, pictures out: every kind of file, every colour mode, and everything that can be wrong with them."""

import base64
import contextlib
import io
import json
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from IPython.core.formatters import DisplayFormatter
from PIL import Image
from torchvision import transforms

from style_helpers import files, images
from style_helpers.images import PictureError
from style_helpers.settings import SettingsError

BUNDLED = sorted([*images.CONTENT.iterdir(), *images.STYLE.iterdir()])


def random_picture(width=40, height=30, seed=0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def file_bytes(picture: Image.Image, kind: str, **options) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def pixels(picture: Image.Image) -> np.ndarray:
    assert picture.mode == "RGB"
    return np.asarray(picture)


def assert_refused(act, *words: str, error=PictureError) -> str:
    with pytest.raises(error) as caught:
        act()
    message = str(caught.value)
    assert message.endswith(".")
    assert len(message.splitlines()) == 1
    for word in words:
        assert word in message
    return message


# Opening: kinds of file


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("picture.png", "PNG", {}),
        ("really-a-png.jpg", "PNG", {}),
        ("picture.bmp", "BMP", {}),
        ("picture.tif", "TIFF", {}),
        ("packed.tiff", "TIFF", {"compression": "tiff_lzw"}),
        ("picture.webp", "WEBP", {"lossless": True}),
        ("picture.jpg", "JPEG", {}),
    ],
)
def test_a_file_gives_the_pixels_that_are_in_it_whatever_its_name_ends_with(tmp_path, name, kind, options):
    content = file_bytes(random_picture(), kind, **options)
    (tmp_path / name).write_bytes(content)
    kept = np.asarray(Image.open(io.BytesIO(content))) if kind == "JPEG" else pixels(random_picture())
    np.testing.assert_array_equal(pixels(images.open_picture(tmp_path / name)), kept)


@pytest.mark.parametrize("kind", ["GIF", "MPO"])  # a film, and a stereo JPEG from a phone
def test_of_several_pictures_in_a_file_the_first_is_taken(kind):
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("white", "black")]
    content = file_bytes(frames[0], kind, save_all=True, append_images=frames[1:])
    assert images.open_picture(content).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, io.BytesIO])
def test_bytes_and_open_files_are_read_as_well(wrap):
    source = wrap(file_bytes(random_picture(), "PNG"))
    np.testing.assert_array_equal(pixels(images.open_picture(source)), pixels(random_picture()))


@pytest.mark.parametrize("name", ["with a space.png", "l'été.png", "颐和园 佛香阁.png", "a%20$x{}.png"])
def test_any_name_will_do(tmp_path, name):
    random_picture().save(tmp_path / name)
    assert images.load(tmp_path / name).shape == (1, 3, 30, 40)
    assert images.load(str(tmp_path / name)).shape == (1, 3, 30, 40)
    saved = images.save(images.load(tmp_path / name), tmp_path / f"new {name}")
    np.testing.assert_array_equal(pixels(images.open_picture(saved)), pixels(random_picture()))


# Opening: colour modes


def grey(*levels) -> list[tuple[int, int, int]]:
    return [(level,) * 3 for level in levels]


RGBA = [(200, 100, 0, 255), (200, 100, 0, 0), (0, 0, 0, 51)]
ON_WHITE = [(200, 100, 0), (255, 255, 255), (204, 204, 204)]


def stripes(mode: str, values) -> Image.Image:
    """16 rows; each value fills eight columns."""
    picture = Image.new(mode, (8 * len(values), 16))
    for column, value in enumerate(values):
        picture.paste(value, (8 * column, 0, 8 * column + 8, 16))
    return picture


def numbers(values, dtype) -> Image.Image:
    return Image.fromarray(np.tile(np.repeat(np.array(values, dtype), 8), (16, 1)))


def palette(**info) -> Image.Image:
    picture = Image.new("P", (24, 16))
    picture.putpalette([200, 100, 0, 1, 2, 3, 0, 0, 0])
    for index in range(3):
        picture.paste(index, (8 * index, 0, 8 * index + 8, 16))
    picture.info.update(info)
    return picture


MODES = {
    "black and white": (stripes("1", [0, 255]), "PNG", {}, grey(0, 255)),
    "grey": (stripes("L", [0, 77, 255]), "PNG", {}, grey(0, 77, 255)),
    "grey and alpha": (stripes("LA", [(100, 255), (100, 0), (0, 51)]), "PNG", {}, grey(100, 255, 204)),
    "grey, one level clear": (stripes("L", [10, 20]), "PNG", {"transparency": 20}, grey(10, 255)),
    "RGB, one colour clear": (
        stripes("RGB", [(1, 2, 3), (4, 5, 6)]), "PNG", {"transparency": (4, 5, 6)}, [(1, 2, 3), (255, 255, 255)]
    ),
    "RGBA": (stripes("RGBA", RGBA), "PNG", {}, ON_WHITE),
    "RGBA WebP": (stripes("RGBA", RGBA), "WEBP", {"lossless": True, "exact": True}, ON_WHITE),
    "RGBA TIFF": (stripes("RGBA", RGBA), "TIFF", {}, ON_WHITE),
    "palette": (palette(), "PNG", {}, [(200, 100, 0), (1, 2, 3), (0, 0, 0)]),
    "palette, one clear": (palette(transparency=1), "PNG", {}, [(200, 100, 0), (255, 255, 255), (0, 0, 0)]),
    "palette with alphas": (palette(transparency=bytes([255, 0, 51])), "PNG", {}, ON_WHITE),
    "palette GIF, one clear": (
        palette(transparency=1), "GIF", {}, [(200, 100, 0), (255, 255, 255), (0, 0, 0)]
    ),
    "16-bit grey": (numbers([0, 257, 257 * 200, 65535], np.uint16), "PNG", {}, grey(0, 1, 200, 255)),
    "16-bit grey, rounded": (numbers([128, 129, 300, 65407], np.uint16), "PNG", {}, grey(0, 1, 1, 255)),
    "16-bit grey, one clear": (numbers([257, 514], np.uint16), "PNG", {"transparency": 514}, grey(1, 255)),
    "16-bit grey TIFF": (numbers([0, 257 * 9, 65535], np.uint16), "TIFF", {}, grey(0, 9, 255)),
    "32-bit grey TIFF": (numbers([0, 257 * 9, 65535], np.int32), "TIFF", {}, grey(0, 9, 255)),
    "32-bit grey beyond 16": (numbers([-5, 4 * 10**8, 2 * 10**9], np.int32), "TIFF", {}, grey(0, 51, 255)),
    "float, 0 to 1": (numbers([0, 0.2, 1], np.float32), "TIFF", {}, grey(0, 51, 255)),
    "float, 0 to 255": (numbers([0, 51, 255], np.float32), "TIFF", {}, grey(0, 51, 255)),
    "float, NaN and below 0": (numbers([np.nan, -3, 0.4], np.float32), "TIFF", {}, grey(0, 0, 102)),
    "CMYK TIFF": (stripes("CMYK", [(0, 0, 0, 0), (0, 255, 255, 0), (0, 0, 0, 255)]), "TIFF", {},
                  [(255, 255, 255), (255, 0, 0), (0, 0, 0)]),
    "CMYK JPEG, inverted by Adobe": (stripes("CMYK", [(0, 0, 0, 0), (0, 0, 0, 255)]), "JPEG", {"quality": 100},
                                     grey(255, 0)),
    "YCbCr TIFF": (stripes("YCbCr", [(0, 128, 128), (255, 128, 128)]), "TIFF", {}, grey(0, 255)),
}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_every_colour_mode_becomes_rgb(mode):
    picture, kind, options, expected = MODES[mode]
    opened = images.open_picture(file_bytes(picture, kind, **options))
    assert opened.mode == "RGB"
    assert opened.size == picture.size
    assert [opened.getpixel((8 * column + 4, 8)) for column in range(len(expected))] == expected


def test_lab_becomes_rgb():
    lightness, a, b = 54.3, 80.8, 69.9  # pure red of sRGB, under the D50 light that Lab files assume
    red = stripes("LAB", [(round(lightness * 2.55), round(a) + 128, round(b) + 128)] * 2)
    opened = images.open_picture(file_bytes(red, "TIFF"))
    np.testing.assert_allclose(opened.getpixel((4, 4)), (255, 0, 0), atol=6)  # Lab in 8 bits is coarse


def test_the_tensor_is_made_on_the_device_asked_for():
    assert images.load(BUNDLED[0], size=16, device=torch.device("meta")).device.type == "meta"


def test_a_picture_in_memory_of_any_mode_becomes_a_tensor():
    tensor = images.from_pil(stripes("RGBA", RGBA))
    assert tensor.shape == (1, 3, 16, 24)
    torch.testing.assert_close(tensor[0, :, 0, 16].cpu(), torch.full((3,), 0.8))


# Opening: EXIF

# The EXIF standard says which side of the scene the first row and the first column of the file show.
STORED = {
    1: lambda scene: scene,  # top, left
    2: lambda scene: scene[:, ::-1],  # top, right
    3: lambda scene: scene[::-1, ::-1],  # bottom, right
    4: lambda scene: scene[::-1],  # bottom, left
    5: lambda scene: scene.swapaxes(0, 1),  # left, top
    6: lambda scene: scene[:, ::-1].swapaxes(0, 1),  # right, top
    7: lambda scene: scene[::-1, ::-1].swapaxes(0, 1),  # right, bottom
    8: lambda scene: scene[::-1].swapaxes(0, 1),  # left, bottom
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_photographs_are_turned_upright(kind, orientation):
    blocks = random_picture(4, 3, seed=7).resize((64, 48), Image.Resampling.NEAREST)  # smooth enough for JPEG
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](np.asarray(blocks))))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    opened = images.open_picture(file_bytes(stored, kind, exif=exif, **options))
    assert opened.size == (64, 48)
    np.testing.assert_allclose(pixels(opened).astype(int), np.asarray(blocks).astype(int), atol=3)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # so says Pillow, and goes on
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12", b"Exif\0\0"])
def test_a_picture_with_damaged_exif_still_opens(kind, exif):
    assert images.open_picture(file_bytes(random_picture(), kind, exif=exif)).size == (40, 30)


def test_a_picture_is_turned_though_the_rest_of_its_exif_is_damaged(monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = file_bytes(random_picture(), "JPEG", exif=exif)
    monkeypatch.setattr(Image.Exif, "tobytes", lambda self: int("cannot be written anew"))
    assert images.open_picture(content).size == (30, 40)


# Tensors


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_each_bundled_picture_is_credited_and_loads_as_torchvision_loads_it(path):
    with Image.open(path) as picture:
        assert path.suffix == ".jpg"
        assert min(picture.size) >= 300
        expected = transforms.Compose([transforms.Resize(128), transforms.ToTensor()])(picture).unsqueeze(0)
    assert torch.equal(images.load(path, size=128).cpu(), expected)
    assert f"| {path.name} |" in (images.FOLDER / "CREDITS.md").read_text(encoding="utf-8")


sides = st.integers(images.SMALLEST_SIDE, 90)


@given(width=sides, height=sides, size=st.integers(images.SMALLEST_SIDE, 120), seed=st.integers(0, 9))
def test_load_equals_torchvision_to_the_last_bit(width, height, size, seed):
    picture = random_picture(width, height, seed)
    tensor = images.load(file_bytes(picture, "PNG"), size=size, device="cpu")
    assert torch.equal(tensor[0], transforms.Compose([transforms.Resize(size), transforms.ToTensor()])(picture))
    assert tensor.dtype == torch.float32
    assert tensor.is_contiguous()
    assert tensor.min() >= 0
    assert tensor.max() <= 1


@given(
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA"]),
    width=st.integers(16, 400),
    height=st.integers(16, 400),
    size=st.integers(16, 100),
)
def test_in_every_mode_the_shorter_side_becomes_size_and_the_aspect_is_kept_to_a_pixel(mode, width, height, size):
    tensor = images.load(file_bytes(Image.new("RGB", (width, height), "orange").convert(mode), "PNG"), size=size)
    batch, colours, rows, columns = tensor.shape
    assert (batch, colours, min(rows, columns), tensor.dtype) == (1, 3, size, torch.float32)
    scale = size / min(width, height)
    assert abs(rows - height * scale) < 1
    assert abs(columns - width * scale) < 1
    assert ((tensor >= 0) & (tensor <= 1)).all()


@given(arrays(np.uint8, st.tuples(sides, sides, st.just(3))))
def test_pixels_survive_the_way_to_a_tensor_and_back(values):
    picture = Image.fromarray(values)
    tensor = images.load(file_bytes(picture, "PNG"))
    assert tensor.shape == (1, 3, *values.shape[:2])
    np.testing.assert_array_equal(pixels(images.to_pil(tensor)), values)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_to_pil_rounds_and_clamps_in_every_number_format(dtype):
    row = torch.tensor([-1.0, 0.25 / 255, 0.75 / 255, 1.0, 1.5, float("inf"), -float("inf")], dtype=dtype)
    tensor = row.expand(3, 2, 7).clone().requires_grad_()
    before = tensor.detach().clone()
    picture = images.to_pil(tensor)
    assert pixels(picture)[0, :, 0].tolist() == [0, 0, 1, 255, 255, 255, 0]
    assert picture.size == (7, 2)
    assert torch.equal(tensor.detach(), before)


def test_to_pil_takes_channels_last_and_a_batch_of_one():
    tensor = images.from_pil(random_picture())
    for same in (tensor, tensor[0], tensor.to(memory_format=torch.channels_last)):
        np.testing.assert_array_equal(pixels(images.to_pil(same)), pixels(random_picture()))


def test_a_pillow_picture_that_cannot_be_read_and_one_without_pixels(tmp_path):
    whole = images.CONTENT / "flower.jpg"
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:5000])
    with Image.open(tmp_path / "cut.jpg") as cut, pytest.raises(PictureError, match="cannot be used"):
        images.from_pil(cut)
    with pytest.raises(PictureError, match="no pixels"):
        images.from_pil(Image.new("RGB", (0, 0)))
    with pytest.raises(PictureError, match="no pixels"):
        images.as_picture(torch.rand(1, 3, 0, 40))
    with pytest.raises(PictureError, match="not numbers"):
        images.as_picture(torch.full((1, 3, 20, 20), float("nan")))


def test_a_disk_that_fails_in_mid_file(monkeypatch):
    class Failing(io.BytesIO):
        def read(self, *_):
            raise OSError(5, "Input/output error")

    with pytest.raises(PictureError, match="cannot be read: Input/output error"):
        images.open_picture(Failing())
    monkeypatch.setattr("builtins.open", lambda *_: Failing())
    with pytest.raises(PictureError, match=r"flower\.jpg' cannot be read: Input/output error"):
        images.open_picture(images.CONTENT / "flower.jpg")


# What cannot be opened, shown or saved

ONE = torch.zeros(3, 9, 9)
NO_SOURCES = [None, 3, 1.5, torch.zeros(3, 20, 20), io.StringIO("text")]
NO_PICTURES = {
    "(2, 3, 8, 8)": torch.zeros(2, 3, 8, 8),
    "(8, 8, 3)": torch.zeros(8, 8, 3),
    "(8, 8)": torch.zeros(8, 8),
    "(1, 1, 3, 8, 8)": torch.zeros(1, 1, 3, 8, 8),
    "ndarray": np.zeros((3, 8, 8)),
    "uint8": torch.zeros(3, 8, 8, dtype=torch.uint8),
    "NaN": torch.full((3, 8, 8), float("nan")),
}


REFUSED = [
    (lambda: images.load("missing.jpg"), ("no file", "'missing.jpg'", Path.cwd().name, "spelling")),
    (lambda: images.load(images.STYLE / "missing.jpg"), ("no file", "missing.jpg'")),
    (lambda: images.load(images.STYLE / ("x" * 5000)), ("no file",)),
    (lambda: images.load("nul\0.jpg"), ("no file",)),
    (lambda: images.load(images.STYLE), ("is a folder", "style'")),
    *((lambda source=source: images.open_picture(source), ("file name",)) for source in NO_SOURCES),
    *((lambda tensor=tensor: images.to_pil(tensor), (word,)) for word, tensor in NO_PICTURES.items()),
    (lambda: images.show([]), ("title",)),
    (lambda: images.show([ONE], ["a", "b"]), ("title",)),
    (lambda: images.show([ONE, ONE], "a"), ("title",)),
]


@pytest.mark.parametrize(("act", "words"), REFUSED)
def test_what_is_no_picture_is_refused_in_one_sentence(act, words):
    assert_refused(act, *words)


def test_odd_characters_in_a_name_cannot_confuse_the_terminal(tmp_path):
    message = assert_refused(
        lambda: images.load("two\nlines\x1b[31m\u202e\udc80.jpg"), r"'two\nlines\x1b[31m\u202e\udc80.jpg'"
    )
    assert message.isprintable()
    assert "'颐和园 l'été.jpg'" in assert_refused(lambda: images.load("颐和园 l'été.jpg"))


SVG = b'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"/>'
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)


def test_a_nested_tensor_and_settings_that_are_no_dict_are_refused(tmp_path):
    nested = torch.nested.nested_tensor([torch.zeros(3, 20, 20)], layout=torch.jagged)
    assert_refused(lambda: images.as_picture(nested), "not a nested one")
    assert_refused(lambda: images.to_pil(nested), "not a nested one")
    for wrong in ("abc", [("a", "b")]):
        with pytest.raises(files.FileError, match="a dict of texts, not"):
            images.save(torch.zeros(3, 20, 20), tmp_path / "a.png", wrong)
    assert list(tmp_path.iterdir()) == []


BROKEN_AVIF = b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(200)
VIDEO = b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(200)


UNUSABLE = [
    ("empty.jpg", b"", ["empty"]),
    ("text.jpg", "Just some words, 一些字.".encode(), ["not a picture", "JPEG, PNG"]),
    ("bmw.jpg", b"BMW builds cars.", ["looks like a BMP"]),
    ("drawing.svg", SVG, ["SVG", "PNG"]),
    ("page.jpg", b"<!DOCTYPE html><html><body><svg></svg></body></html>", ["web page"]),
    ("phone.heic", HEIC, ["HEIC", "JPEG"]),
    ("phone.jpg", BROKEN_AVIF, ["AVIF", "cut short"]),
    ("phone.jpg", BROKEN_AVIF.replace(b"ftypavif", b"ftypheic"), ["HEIC", "JPEG"]),
    ("film.mp4", VIDEO, ["not a picture"]),
    ("half.jpg", file_bytes(random_picture(), "JPEG")[:-400], ["looks like a JPEG", "cut short"]),
    ("start.jpg", file_bytes(random_picture(), "JPEG")[:20], ["looks like a JPEG", "cut short"]),
    ("half.png", file_bytes(random_picture(), "PNG")[:-400], ["looks like a PNG", "cut short"]),
    ("half.webp", file_bytes(random_picture(), "WEBP")[:-100], ["looks like a WEBP", "cut short"]),
    ("point.png", file_bytes(Image.new("RGB", (1, 1)), "PNG"), ["1 x 1", "at least 16"]),
    ("line.png", file_bytes(Image.new("RGB", (300, 15)), "PNG"), ["300 x 15", "at least 16"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "words"), UNUSABLE)
def test_files_that_hold_no_usable_picture(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert_refused(lambda: images.load(tmp_path / name), f"{name}'", *words)
    assert_refused(lambda: images.load(content), "The given picture", *words)
    assert (tmp_path / name).read_bytes() == content


def black_png(width: int, height: int) -> bytes:
    """A whole, valid black-and-white PNG, written row by row: the picture is never in memory."""
    squeeze = zlib.compressobj(9)
    rows = b"".join(squeeze.compress(bytes(1 + (width + 7) // 8)) for _ in range(height)) + squeeze.flush()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.mark.parametrize("side", [9_000, 10_000, 20_000])
def test_a_huge_picture_is_refused_before_decoding(tmp_path, side):
    # Pillow says nothing about the first, warns about the second and raises its own error for the third
    path = tmp_path / "huge.png"
    path.write_bytes(black_png(side, side))
    assert_refused(lambda: images.load(path, size=64), "huge.png'", f"{side} x {side}", "80 million")


def test_a_webp_that_claims_to_be_huge():
    body = b"\x2f" + ((16383 << 14 | 16383) + (1 << 28)).to_bytes(4, "little") + bytes(40)
    chunk = b"WEBPVP8L" + struct.pack("<I", len(body)) + body
    content = b"RIFF" + struct.pack("<I", len(chunk)) + chunk
    assert_refused(lambda: images.load(content), "80 million")


def test_refusing_a_huge_picture_says_nothing_else(tmp_path):
    path = tmp_path / "huge.png"
    path.write_bytes(black_png(10_000, 10_000))
    code = "import sys\nfrom style_helpers import images\n"
    code += "try: images.load(sys.argv[1])\nexcept images.PictureError: print('refused')\n"
    code += "print([name for name in ('matplotlib', 'torchvision') if name in sys.modules])"
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code, path], cwd=root, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["refused", "[]"]


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about damage that it can live with
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"]),
    cut=st.floats(0, 1),
    place=st.floats(0, 1, exclude_max=True),
    byte=st.integers(0, 255),
)
def test_a_damaged_file_gives_a_picture_or_one_sentence(kind, cut, place, byte):
    content = bytearray(file_bytes(random_picture(20, 18), kind))
    content[int(place * len(content))] = byte
    content = bytes(content[: int(cut * len(content))])
    with contextlib.suppress(PictureError):
        assert images.open_picture(content).mode == "RGB"


# Sizes


@pytest.mark.parametrize(
    "size", [0, -1, 15, 4097, 10**12, True, 64.0, float("nan"), float("inf"), "64", "big", (64, 64)]
)
def test_sizes_that_cannot_be_used(size):
    assert_refused(lambda: images.load(BUNDLED[0], size=size), "size", "16 to 4096", repr(size), error=SettingsError)


def test_a_long_strip_that_would_become_enormous(tmp_path):
    Image.new("RGB", (20_000, 16)).save(tmp_path / "strip.png")
    assert images.load(tmp_path / "strip.png", size=32).shape == (1, 3, 32, 40_000)
    assert_refused(
        lambda: images.load(tmp_path / "strip.png", size=512), "strip.png'", "20000", "640000", "smaller size"
    )


# Showing


def test_show_puts_pictures_side_by_side_with_their_titles():
    wide, tall = torch.zeros(1, 3, 20, 60), Image.new("L", (20, 40), 128)
    figure = images.show([wide, tall], ["Content", "from $\\frac$.jpg"])
    assert [axes.get_title() for axes in figure.axes] == ["Content", "from $\\frac$.jpg"]
    assert [axes.images[0].get_array().shape for axes in figure.axes] == [(20, 60, 3), (40, 20, 3)]
    assert not any(axes.axison for axes in figure.axes)
    figure.draw_without_rendering()
    first, second = (axes.get_position() for axes in figure.axes)
    assert first.x1 <= second.x0
    assert first.height == pytest.approx(second.height, rel=0.02)


@pytest.mark.parametrize("picture", [torch.zeros(3, 20, 20), torch.zeros(1, 3, 20, 20), Image.new("RGB", (20, 20))])
def test_show_takes_one_picture_alone(picture):
    assert len(images.show(picture).axes) == 1
    assert images.show(picture, "One").axes[0].get_title() == "One"


def test_a_notebook_shows_the_figure_as_one_picture_with_its_alt_text_without_pyplot():
    figure = images.show(images.from_pil(random_picture()), "Title", alt='a "wave" & <foam>')
    shown, _ = DisplayFormatter().format(figure)
    assert set(shown) == {"text/plain", "text/html"}
    found = re.fullmatch('<img alt="(.*)" src="data:image/png;base64,(.*)">', shown["text/html"])
    assert found[1] == "a &quot;wave&quot; &amp; &lt;foam&gt;"
    picture = Image.open(io.BytesIO(base64.b64decode(found[2])))
    assert np.asarray(picture.convert("L")).std() > 10
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []


def test_a_figure_without_words_of_its_own_takes_the_next_that_wait_or_else_tells_its_titles_and_axes(monkeypatch):
    monkeypatch.setattr(images, "ALT_TEXTS", ["what was waiting"])
    pictures = [images.from_pil(random_picture())] * 2
    figures = [images.show(pictures, ["left", "<right>"], alt) for alt in ("its own", "", "")]
    chart = images.new_figure(3, 2)
    chart.subplots().set(xlabel="evaluation", ylabel="loss")
    figures += [chart, images.new_figure(1, 1), figures[1]]
    words = [re.search('alt="(.*?)"', figure._repr_html_())[1] for figure in figures]
    told = [
        "its own",
        "what was waiting",
        "left; &lt;right&gt;",
        "loss against evaluation",
        "A picture without a title",
    ]
    assert words == [*told, "what was waiting"]


# Saving

SETTINGS = {"preset": "gatys", "content": "颐和园.jpg", "note": "a = 'b'\n\"c\" é", "empty": ""}


@pytest.mark.parametrize(("settings", "kept"), [(SETTINGS, SETTINGS), (None, {})])
def test_a_png_carries_the_pixels_and_the_settings(tmp_path, settings, kept):
    path = images.save(images.from_pil(random_picture()), str(tmp_path / "out.png"), settings)
    assert path == tmp_path / "out.png"
    with Image.open(path) as saved:
        assert saved.text == kept
        np.testing.assert_array_equal(pixels(saved), pixels(random_picture()))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "settings", "comment"),
    [("out.jpg", SETTINGS, json.dumps(SETTINGS, ensure_ascii=False).encode()), ("out.JPEG", None, None)],
)
def test_a_jpeg_carries_the_settings_as_its_comment(tmp_path, name, settings, comment):
    smooth = images.load(BUNDLED[0], size=64)
    with Image.open(images.save(smooth, tmp_path / name, settings)) as saved:
        assert saved.format == "JPEG"
        assert saved.info.get("comment") == comment
        difference = images.from_pil(saved) - smooth
    assert difference.abs().mean() < 0.02


# What comes with the course


def test_the_credits_name_no_picture_that_is_not_there():
    lines = (images.FOLDER / "CREDITS.md").read_text(encoding="utf-8").splitlines()
    credited = {line.split("|")[1].strip() for line in lines if ".jpg |" in line}
    assert credited == {path.name for path in BUNDLED}
    assert len(credited) == 10
