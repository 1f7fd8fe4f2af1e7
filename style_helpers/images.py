"""Pictures to tensors and back: open, fit, show, save.

A picture in memory is a tensor of shape (1, 3, H, W): one picture, its red, green and blue, its rows, its columns;
float32, 0 (none of that colour) to 1 (all of it). A picture that cannot be read raises `PictureError`, a `size` that
cannot be used `SettingsError`, a file that cannot be written `FileError`; each message is one sentence, to be shown.
"""

import base64
import contextlib
import html
import io
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from style_helpers import devices, files
from style_helpers.language import _
from style_helpers.settings import SettingsError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PICTURES = Path(__file__).with_name("pictures")  # where the wheel has them (pyproject.toml)
FOLDER = _PICTURES if _PICTURES.is_dir() else Path(__file__).resolve().parents[1] / "images"
CONTENT = FOLDER / "content"
STYLE = FOLDER / "style"

SMALLEST_SIDE = 16  # pixels: four poolings, each halving, come before VGG's deepest style layer, relu5_1
LARGEST_SIZE = 4096  # pixels on the shorter side: beyond it, no usual machine has the memory for a run
MOST_PIXELS = 80_000_000  # in one picture, read or resized; below the count at which Pillow starts to warn

JPEG_COMMENT = 65_533  # bytes: its length stands in 16 bits, which count themselves
_READ = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
WRITTEN = (".png", ".jpg", ".jpeg")
_PHONE_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis")


class PictureError(ValueError):
    """A picture that cannot be read or used; the message is one sentence: which, why, what would be right."""


# Opening


def load(source: str | os.PathLike | bytes | BinaryIO, size: int | None = None, device=None) -> Tensor:
    """The picture as a tensor of shape (1, 3, H, W), float32, 0 to 1, on `devices.choose(device)`.

    `size` is the length of the shorter side in pixels, SMALLEST_SIDE to LARGEST_SIZE; the aspect is kept. `None` keeps
    the picture's own size. The values are those of torchvision's `Resize(size)` and `ToTensor()`, to the last bit.
    Raises `PictureError` and `SettingsError`.
    """
    if size is not None:
        check_size(size)
    picture = open_picture(source)
    if size is not None:
        picture = _resize(picture, size, _name(source))
    return from_pil(picture, device)


def open_picture(source: str | os.PathLike | bytes | BinaryIO) -> Image.Image:
    """The picture upright, in 8-bit RGB, from a file name, from bytes or from an open binary file.

    JPEG, PNG, WebP, BMP, GIF (its first frame), TIFF, and AVIF where Pillow has it. The EXIF orientation is applied,
    transparent parts lie over white, 16-bit grey is divided by 257. Colour profiles are not applied, as the pictures
    that the networks were trained on were read without them. Raises `PictureError`.
    """
    name, start = _name(source), b""
    with _open_stream(source, name) as stream:
        try:
            start = stream.read(4096)
            picture = _read_header(stream, start)
            if picture is not None:
                _check_sides(picture.size, name)
                picture.load()
                return _to_rgb(_turn_upright(picture))
        except (PictureError, MemoryError):
            raise
        except Image.DecompressionBombError as error:
            raise PictureError(_too_many_pixels(name)) from error
        except Exception as error:  # a damaged file makes Pillow raise almost anything
            if isinstance(error, OSError) and error.errno:  # the disk's own; Pillow's have no number
                raise PictureError(_cannot_read(name, error)) from error
            raise PictureError(_what_is_wrong(name, start)) from error
    raise PictureError(_what_is_wrong(name, start))


def from_pil(picture: Image.Image, device=None) -> Tensor:
    """A Pillow picture of any mode as a tensor of shape (1, 3, H, W), float32, 0 to 1, on `devices.choose(device)`.

    Raises `PictureError` for one that has no pixels, or whose file is cut short or closed.
    """
    if not isinstance(picture, Image.Image):
        raise PictureError(_("from_pil takes a Pillow picture, not {kind}.", kind=type(picture).__name__))
    try:
        pixels = torch.from_numpy(np.array(_to_rgb(picture)))
    except (OSError, ValueError, SyntaxError) as error:  # Pillow reads a file only when its pixels are wanted
        raise PictureError(_("The Pillow picture cannot be used: {reason}.", reason=error)) from error
    if pixels.numel() == 0:
        raise PictureError(_("The Pillow picture has no pixels."))
    picture = pixels.permute(2, 0, 1).unsqueeze(0).contiguous().to(torch.float32).div(255)
    return picture.to(devices.choose(device))


def to_pil(picture: Tensor) -> Image.Image:
    """A tensor of shape (3, H, W) or (1, 3, H, W), of any floating type, on any device, as an 8-bit RGB Pillow picture.

    Values outside 0 to 1 are clamped, then rounded to the nearest of the 256 levels. Raises `PictureError` for another
    shape, for whole numbers (divide 0 to 255 by 255 first) and for NaN.
    """
    values = _floats(picture)[0]
    if values.isnan().any():
        raise PictureError(_("The picture holds values that are not numbers (NaN), so it cannot be shown or saved."))
    levels = values.clamp(0, 1).mul(255).round().to(torch.uint8)
    return Image.fromarray(levels.permute(1, 2, 0).contiguous().cpu().numpy())


def as_picture(given: "Tensor | np.ndarray | Image.Image | str | os.PathLike", slack: float = 0.001) -> Tensor:
    """Whatever shows a picture as a tensor of shape (1, 3, H, W): float32, 0 to 1, with no gradient, in plain order.

    given: a tensor (3, H, W) or (1, 3, H, W) of any floating type and memory order, which stays on its device; a NumPy
    array (H, W, 3) of bytes, or of floats from 0 to 1; a Pillow picture; a file name. Raises `PictureError` for
    another shape, for whole numbers in a tensor, for values more than `slack` outside 0 to 1, and for NaN.
    """
    if isinstance(given, np.ndarray):
        if given.ndim != 3 or given.shape[2] != 3:
            raise PictureError(
                _("A picture as an array must have the shape (H, W, 3), not {shape}.", shape=given.shape)
            )
        scale = 255 if given.dtype == np.uint8 else 1
        given = torch.from_numpy(np.asarray(given, np.float32) / scale).permute(2, 0, 1).to(devices.choose())
    if isinstance(given, Image.Image):
        return from_pil(given)
    if not isinstance(given, Tensor):
        return load(given)
    picture = _floats(given).contiguous()
    lowest, highest = (float(value) for value in picture.aminmax())
    if math.isnan(lowest):
        raise PictureError(_("The picture holds values that are not numbers (NaN)."))
    if lowest < -slack or highest > 1 + slack:
        raise PictureError(
            _(
                "The values of a picture go from 0 to 1, but these go from {lowest:g} to {highest:g}: divide by 255 "
                "what is in bytes, and clamp what was optimised.",
                lowest=lowest,
                highest=highest,
            )
        )
    return picture


def _floats(picture: Tensor) -> Tensor:
    """A picture (3, H, W) or (1, 3, H, W) of any floating type as (1, 3, H, W) in float32, with no gradient."""
    if isinstance(picture, Tensor) and picture.is_nested:  # it has no shape to speak of
        raise PictureError(_("A picture must be one tensor of shape (3, H, W) or (1, 3, H, W), not a nested one."))
    if not isinstance(picture, Tensor) or picture.shape[-3:-2] != (3,) or picture.shape[:-3] not in ((), (1,)):
        what = tuple(picture.shape) if isinstance(picture, Tensor) else type(picture).__name__
        raise PictureError(_("A picture must be a tensor of shape (3, H, W) or (1, 3, H, W), not {what}.", what=what))
    if not picture.is_floating_point():
        raise PictureError(
            _("A picture must hold floating-point numbers from 0 to 1, not {format}.", format=picture.dtype)
        )
    if picture.numel() == 0:
        raise PictureError(_("A picture of the shape {shape} has no pixels.", shape=tuple(picture.shape)))
    return picture.detach().to(torch.float32).reshape(1, *picture.shape[-3:])


def _name(source) -> str:
    return files.quote(source) if isinstance(source, str | os.PathLike) else _("The given picture")


def _open_stream(source, name: str) -> BinaryIO:
    if isinstance(source, str | os.PathLike):
        if os.path.isdir(source):
            raise PictureError(_("{name} is a folder; give the name of a picture file.", name=name))
        if not os.path.exists(source):
            raise PictureError(_no_file(source, name))
        if not os.path.isfile(source):
            raise PictureError(_("{name} is not an ordinary file; give the name of a picture file.", name=name))
        try:
            return open(source, "rb")
        except OSError as error:
            raise PictureError(_cannot_read(name, error)) from error
    try:
        content = source.read() if hasattr(source, "read") else source
    except (OSError, ValueError) as error:  # ValueError: it is closed, or open for writing
        raise PictureError(_cannot_read(name, error)) from error
    if not isinstance(content, bytes | bytearray | memoryview):
        kind = type(content).__name__
        raise PictureError(
            _("Give a picture as a file name, bytes or a file open for binary reading, not {kind}.", kind=kind)
        )
    return io.BytesIO(content)


def _no_file(source, name: str) -> str:
    if os.path.isabs(source):
        return _("There is no file {name}; check the spelling.", name=name)
    try:
        here = files.quote(os.getcwd())
    except FileNotFoundError:
        return _(
            "There is no file {name} in the folder where Python runs, which has been deleted; check the spelling.",
            name=name,
        )
    return _("There is no file {name} in the folder {folder}; check the spelling.", name=name, folder=here)


def _cannot_read(name: str, error: OSError | ValueError) -> str:
    reason = getattr(error, "strerror", None) or error
    return _("{name} cannot be read: {reason}; copy it again, from another place if need be.", name=name, reason=reason)


def _recognise(start: bytes) -> str | None:
    Image.init()
    return next((kind for kind in _READ if kind in Image.OPEN and Image.OPEN[kind][1](start[:16]) is True), None)


def _read_header(stream: BinaryIO, start: bytes) -> Image.Image | None:
    # Image.open would warn about a big picture, and a warning can only be silenced for all threads at once; it would
    # also hand some kinds of file to outside programs
    kind = _recognise(start)
    if kind is None:
        return None
    stream.seek(0)
    return Image.OPEN[kind][0](stream, "")


def _what_is_wrong(name: str, start: bytes) -> str:
    text = start.lower()
    kind = _recognise(start)
    if not start:
        return _("{name} is an empty file; copy or download the picture again.", name=name)
    if kind:
        return _(
            "{name} looks like a {kind} picture but is cut short, damaged or of a rare kind; copy it again or save it "
            "as PNG.",
            name=name,
            kind=kind,
        )
    if start[4:8] == b"ftyp" and start[8:12] in _PHONE_BRANDS:
        return _("{name} is a HEIC or AVIF picture that cannot be read here; save it as JPEG first.", name=name)
    if b"<!doctype html" in text or b"<html" in text:
        return _("{name} is a web page, not a picture; save the picture itself.", name=name)
    if b"<svg" in text:
        return _("{name} is an SVG drawing, which has shapes and no pixels; convert it to PNG first.", name=name)
    return _("{name} is not a picture that can be read here; use a JPEG, PNG, WebP, BMP, GIF or TIFF file.", name=name)


def _check_sides(sides: tuple[int, int], name: str) -> None:
    width, height = sides
    if width * height > MOST_PIXELS:
        said = _("{name} has {width} x {height}, more than {most} million pixels; make it smaller first.",
                 name=name, width=width, height=height, most=MOST_PIXELS // 1_000_000)  # fmt: skip
        raise PictureError(said)
    if min(sides) < SMALLEST_SIDE:
        said = _("{name} has {width} x {height} pixels; each side must have at least {least}.",
                 name=name, width=width, height=height, least=SMALLEST_SIDE)  # fmt: skip
        raise PictureError(said)


def _too_many_pixels(name: str) -> str:
    most = MOST_PIXELS // 1_000_000
    return _("{name} has more than {most} million pixels; make it smaller first.", name=name, most=most)


def _turn_upright(picture: Image.Image) -> Image.Image:
    with contextlib.suppress(Exception):  # damaged EXIF: the pixels are still good, and turned before it is rewritten
        ImageOps.exif_transpose(picture, in_place=True)
    return picture


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        picture = _to_8bit_grey(picture)
    if picture.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        picture = ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def _to_8bit_grey(picture: Image.Image) -> Image.Image:
    values = np.nan_to_num(np.asarray(picture, np.float32), nan=0, posinf=0, neginf=0)
    # Whole numbers are 16-bit greys; floats say nowhere what is white, so take the usual value that fits
    usual = (65535,) if picture.mode.startswith("I") else (1, 255, 65535)
    highest = float(values.max())
    white = next((value for value in usual if value >= highest), highest)
    levels = (values / (white / 255)).clip(0, 255).round().astype(np.uint8)
    transparent = picture.info.get("transparency")
    if transparent is not None:
        levels[values == transparent] = 255
    return Image.fromarray(levels)


# Fitting


def check_size(size) -> None:
    """Raises SettingsError for a `size` that `load` would not take."""
    if isinstance(size, bool) or not isinstance(size, int) or not SMALLEST_SIDE <= size <= LARGEST_SIZE:
        said = _("size must be a whole number from {least} to {most}, the pixels of the shorter side, not {value!r}.",
                 least=SMALLEST_SIDE, most=LARGEST_SIZE, value=size)  # fmt: skip
        raise SettingsError(said)


def _resize(picture: Image.Image, size: int, name: str) -> Image.Image:
    shorter, longer = sorted(picture.size)
    new_longer = int(size * longer / shorter)
    if size * new_longer > MOST_PIXELS:
        raise PictureError(
            _(
                "{name} is {longer} pixels long and only {shorter} wide, so at size {size} it would be {new} long; "
                "cut off a part of it, or choose a smaller size.",
                name=name,
                longer=longer,
                shorter=shorter,
                size=size,
                new=new_longer,
            )
        )
    landscape = picture.width > picture.height
    return picture.resize((new_longer, size) if landscape else (size, new_longer), Image.Resampling.BILINEAR)


def resize(picture: Tensor | None, scale: float) -> Tensor | None:
    """A picture or mask with sides `scale` times as long, smoothed on the way down; None stays None."""
    if picture is None or scale == 1:
        return picture
    height, width = (max(1, round(side * scale)) for side in picture.shape[-2:])
    return fit(picture, height, width)


def fit(picture: Tensor, height: int, width: int) -> Tensor:
    """A picture of shape (B, C, any, any) as (B, C, height, width), bilinear, smoothed on the way down."""
    if picture.shape[-2:] == (height, width):
        return picture
    fitted = F.interpolate(picture, (height, width), mode="bilinear", antialias=True, align_corners=False)
    return fitted.clamp(*picture.aminmax())  # averages stay in the range; rounding takes a mask of ones above 1


# Showing


def show(
    pictures: Tensor | Image.Image | Sequence[Tensor | Image.Image],
    titles: str | Sequence[str] | None = None,
    alt: str = "",
) -> "Figure":
    """A matplotlib figure with one picture, or several side by side at the same height, each under its title.

    Make it the last expression of a cell. `pictures` are tensors as `to_pil` takes them, or Pillow pictures; `alt` says
    in words what there is to see, for those who listen to the page. Raises `PictureError` when there is no picture, or
    not one title for each.
    """
    if isinstance(pictures, Tensor | Image.Image):
        pictures = [pictures]
    if isinstance(titles, str):
        titles = [titles]
    if not isinstance(pictures, Sequence):
        raise PictureError(_("show takes tensors or Pillow pictures, not {kind}.", kind=type(pictures).__name__))
    row = [_to_rgb(picture) if isinstance(picture, Image.Image) else to_pil(picture) for picture in pictures]
    if any(0 in picture.size for picture in row):
        raise PictureError(_("The Pillow picture has no pixels."))
    if not row and titles is None:
        raise PictureError(_("show needs one picture or more and a title for each, not 0 pictures, no titles."))
    if not row or (titles is not None and len(titles) != len(row)):
        said = _("show needs one picture or more and a title for each, not {pictures} pictures, {titles} titles.",
                 pictures=len(row), titles=len(titles))  # fmt: skip
        raise PictureError(said)

    aspects = [picture.width / picture.height for picture in row]
    height = min(4.0, 12.0 / sum(aspects))
    figure = new_figure(height * sum(aspects), height + (0.4 if titles else 0))
    figure.alt = alt
    places = figure.subplots(1, len(row), squeeze=False, width_ratios=aspects)[0]
    for axes, picture, title in zip(places, row, titles or [""] * len(row), strict=True):
        axes.imshow(picture)
        axes.set_title(title, parse_math=False)  # a file name may hold a dollar sign
        axes.set_axis_off()
    return figure


ALT_TEXTS: list[str] = []  # for the next figures that are shown, in their order; a lesson's cell brings its own


def new_figure(width: float, height: float) -> "Figure":
    """An empty matplotlib figure, in inches, that a notebook shows once, as a cell's last expression.

    pyplot does not know it, so nothing is shown twice or left behind, and any thread may draw it. Its `alt` is what a
    screen reader says in its place; without one it is the next of `ALT_TEXTS`, or else its titles and axes.
    """
    from matplotlib.figure import Figure  # slow to import, and only needed to show

    class NotebookFigure(Figure):
        alt = ""

        # Jupyter shows a plain Figure as text until pyplot has been used, and a PNG output cannot carry words
        def _repr_html_(self) -> str:
            self.alt = self.alt or (ALT_TEXTS.pop(0) if ALT_TEXTS else _titles_and_axes(self))
            page = io.BytesIO()
            self.savefig(page, format="png")
            data = base64.b64encode(page.getvalue()).decode()
            return f'<img alt="{html.escape(self.alt)}" src="data:image/png;base64,{data}">'

    return NotebookFigure(figsize=(width, height), layout="compressed")


def _titles_and_axes(figure: "Figure") -> str:
    parts = []
    for axes in figure.axes:
        across, up = axes.get_xlabel(), axes.get_ylabel()
        parts += [axes.get_title(), _("{up} against {across}", up=up, across=across) if up and across else ""]
    return _("; ").join(filter(None, parts)) or _("A picture without a title")


# Saving


def save(
    picture: Tensor, path: str | os.PathLike, settings: dict[str, str] | None = None, overwrite: bool = False
) -> Path:
    """Writes the picture, a tensor as `to_pil` takes it, to a new .png or .jpg file, and returns its path.

    `settings` travel inside the file: as PNG text (`PIL.Image.open(path).text`), as JSON in a JPEG's comment. The file
    appears whole or not at all. One that exists is replaced only with `overwrite=True`. Raises `FileError`.
    """
    path = Path(path)
    files.check(path, WRITTEN, overwrite=overwrite)
    if not isinstance(settings, dict | None):
        raise files.FileError(_("Settings in a picture are a dict of texts, not {kind}.", kind=type(settings).__name__))
    for key, text in (settings or {}).items():
        plain = isinstance(key, str) and key.isascii() and 0 < len(key) < 80 and "\0" not in key
        if not plain or not isinstance(text, str) or text.encode(errors="ignore").decode() != text:
            said = _("Settings in a picture are texts by names of plain letters, not {name!r}: {text!r}.",
                     name=key, text=text)  # fmt: skip
            raise files.FileError(said)
    return files.write(path, _encode(to_pil(picture), path.suffix.lower(), settings or {}), overwrite)


def _encode(picture: Image.Image, ending: str, settings: dict[str, str]) -> bytes:
    content = io.BytesIO()
    if ending == ".png":
        text = PngInfo()
        for key, value in settings.items():
            text.add_text(key, value)
        picture.save(content, "PNG", pnginfo=text)
    else:
        comment = json.dumps(settings, ensure_ascii=False).encode() if settings else b""
        if len(comment) > JPEG_COMMENT:
            raise files.FileError(
                _(
                    "The settings are {number} bytes, and a JPEG's comment takes {most}: save as PNG.",
                    number=len(comment),
                    most=JPEG_COMMENT,
                )
            )
        picture.save(content, "JPEG", quality=95, subsampling="4:4:4", comment=comment)
    return content.getvalue()
