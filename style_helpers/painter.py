"""A network that paints a photograph in one pass, and how it learns to. The loop is in `Training._learn`.

`Run` changes the pixels of one picture; here the same losses change the numbers of a network, which then paints any
picture. Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016;
Ulyanov, Lebedev, Vedaldi and Lempitsky, "Texture Networks", ICML 2016.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from style_helpers import devices, files, images
from style_helpers.images import as_picture
from style_helpers.language import _, plural
from style_helpers.networks import Features
from style_helpers.objective import StyleObjective
from style_helpers.settings import PAPER, Settings, shortened
from style_helpers.transfer import Evaluation, Losses

WIDTH, BLOCKS = 16, 4  # channels at the picture's own size, and residual blocks at a quarter of it
CROP = 96  # pixels a side of what is shown to it at each step
READY = images.FOLDER / "panels" / "painter-hokusai-great-wave.safetensors"  # lessons/precompute.py trains it
SETTINGS = Settings.gatys(
    network="vgg16",
    content_layers=("relu3_1",),
    style_layers=PAPER[:4],
    style_weight=3.0,
    optimizer="adam",
    pixel_range="clamp",
    learning_rate=3e-3,
    evaluations=800,
)


class PainterError(ValueError):
    """A file that holds no painter; the message is one sentence for the user."""


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """At its border it sees the picture mirrored: zeros there would be a dark frame, which is painted too."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, padding_mode="reflect")


def layer(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """(B, inputs, H, W) to (B, outputs, H / stride, W / stride), each map with a mean and spread that are learned.

    Instance normalisation takes each picture's contrast away: Ulyanov, Vedaldi and Lempitsky, "Instance Normalization:
    The Missing Ingredient for Fast Stylization", 2016.
    """
    return nn.Sequential(convolution(inputs, outputs, kernel, stride), nn.InstanceNorm2d(outputs, affine=True))


class Residual(nn.Module):
    """(B, C, H, W) and what two convolutions add to it: He, Zhang, Ren and Sun, CVPR 2016."""

    def __init__(self, channels: int):
        super().__init__()
        self.change = nn.Sequential(layer(channels, channels, 3), nn.ReLU(), layer(channels, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.change(x)


class Painter(nn.Module):
    """Pictures in, painted pictures of the same size out: (B, 3, H, W), 0 to 1, sides of 16 pixels or more.

    Down to a quarter of the size, (B, 64, H / 4, W / 4), where a convolution costs a sixteenth; residual blocks there;
    and up again. To enlarge, pixels are repeated and then convolved: a transposed convolution leaves checkerboards
    (Odena, Dumoulin and Olah, "Deconvolution and Checkerboard Artifacts", Distill 2016). Johnson et al.'s network with
    half the channels and one block fewer: 351 thousand numbers in place of 1.7 million.
    """

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            *(layer(3, WIDTH, 9), nn.ReLU()),
            *(layer(WIDTH, 2 * WIDTH, 3, stride=2), nn.ReLU()),
            *(layer(2 * WIDTH, 4 * WIDTH, 3, stride=2), nn.ReLU()),
            *(Residual(4 * WIDTH) for _block in range(BLOCKS)),
            *(nn.Upsample(scale_factor=2), layer(4 * WIDTH, 2 * WIDTH, 3), nn.ReLU()),
            *(nn.Upsample(scale_factor=2), layer(2 * WIDTH, WIDTH, 3), nn.ReLU()),
            convolution(WIDTH, 3, 9),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        height, width = pictures.shape[-2:]
        whole = F.pad(pictures, (0, -width % 4, 0, -height % 4), mode="reflect")  # sides that can be halved twice
        return self.layers(whole).sigmoid()[..., :height, :width]

    @torch.no_grad()
    def paint(self, picture) -> Tensor:
        """One picture, as `images.as_picture` takes it, painted: (1, 3, H, W), 0 to 1, with no gradient."""
        return self(as_picture(picture).to(next(self.parameters()).device))

    def save(self, path: str | os.PathLike):
        """Keeps the numbers as a safetensors file, in 16 bits each. Raises FileError."""
        halves = {name: numbers.detach().cpu().half().contiguous() for name, numbers in self.state_dict().items()}
        files.write(Path(path), safetensors.torch.save(halves), overwrite=True)

    @classmethod
    def load(cls, path: str | os.PathLike, device=None) -> "Painter":
        """The painter of a file that `save` wrote. Raises PainterError for another file, or none."""
        painter = cls()
        try:
            numbers = safetensors.torch.load(Path(path).read_bytes())
            painter.load_state_dict({name: each.float() for name, each in numbers.items()})
            if not all(each.isfinite().all() for each in numbers.values()):
                raise ValueError(_("some of its numbers are not finite"))
        except Exception as error:  # a damaged file may raise anything
            said = _("{file} is missing or holds no painter: train one, and keep it with `painter.save(...)`.",
                     file=files.quote(path))  # fmt: skip
            raise PainterError(said) from error
        return painter.to(devices.choose(device)).eval()


class Training:
    """Teaches a painter one style on photographs: iterate over it to get an `Evaluation` each time.

    painter      is changed in place: `painter.paint` shows what it has learned so far
    photographs  as `images.as_picture` takes them, `CROP` pixels a side or more; each evaluation shows a crop of one
    style        the artwork, of any size
    network      the critic, from `networks.load`; it stays as it is
    settings     what is minimised, as for a `StyleObjective` with the style's colours, and learning_rate (a tenth of
                 it in the last quarter), evaluations (in quick mode fewer) and seed; the rest belongs to runs on pixels

    `stop` may be called from any thread and acts within one evaluation; `ended` says why it ended, by a
    KeyboardInterrupt too. What was learned stays, and to learn on takes another Training. Raises ValueError for
    photographs that are too small, and what `StyleObjective` raises.
    """

    def __init__(
        self, painter: Painter, photographs: Sequence, style, network: Features, settings: Settings = SETTINGS
    ):
        device = next(painter.parameters()).device
        self.photographs = [as_picture(each).to(device) for each in photographs]
        if not self.photographs or min(side for each in self.photographs for side in each.shape[-2:]) < CROP:
            raise ValueError(
                _("A painter learns from photographs of at least {side} x {side} pixels: give larger ones.", side=CROP)
            )
        self.painter, self.objective = painter, StyleObjective(network, self.photographs[0], style, settings)
        self.evaluations, self.history, self.ended = shortened(settings.evaluations), [], ""
        self._wanted = self.objective.network.cut(settings.content_layers)
        self._wanted.body.to(self.objective.network.number_format)
        self._lot = torch.Generator().manual_seed(settings.seed)  # on the CPU: the same crops on every device
        self._stopping = threading.Event()
        self._learning = self._learn()

    def __iter__(self) -> Iterator[Evaluation]:
        return self

    def __next__(self) -> Evaluation:
        try:
            return next(self._learning)
        except KeyboardInterrupt:
            self.ended = self._stopped()
            raise

    def stop(self):
        """End after the evaluation under way; what the painter has learned stays."""
        self._stopping.set()

    def seconds_left(self) -> float | None:
        """Estimated from all evaluations so far, as each does the same work; None before the first."""
        done = len(self.history)
        return self.history[-1].seconds / done * (self.evaluations - done) if done else None

    def losses(self, photograph: Tensor) -> dict[str, Tensor]:
        """The weighted terms by name, of a photograph (1, 3, H, W) as it is painted now.

        The style's targets stay. The content's are the features of this photograph, and the weights those of the first.
        """
        with torch.no_grad():
            for name, features in self._wanted(photograph).items():
                self.objective.losses[f"content {name}"].target = features
        return self.objective(self.painter(photograph))

    def _learn(self) -> Iterator[Evaluation]:
        settings, seconds = self.objective.settings, 0.0
        optimizer = torch.optim.Adam(self.painter.parameters(), lr=settings.learning_rate)
        for number in range(1, self.evaluations + 1):
            began = time.perf_counter()
            if number > 0.75 * self.evaluations:
                optimizer.param_groups[0]["lr"] = settings.learning_rate / 10
            optimizer.zero_grad()
            terms = self.losses(self._crop())
            sum(terms.values()).backward()
            optimizer.step()
            losses = Losses({name: term.item() for name, term in terms.items()})
            seconds += time.perf_counter() - began
            self.history.append(Evaluation(number, CROP, seconds, losses))
            yield self.history[-1]
            if self._stopping.is_set():
                self.ended = self._stopped()
                return
        self.ended = plural("The one evaluation is done.", "All {number} evaluations are done.", self.evaluations)

    def _stopped(self) -> str:
        return _("Stopped after {done} of {asked} evaluations.", done=len(self.history), asked=self.evaluations)

    def _crop(self) -> Tensor:
        """A square of a photograph, (1, 3, CROP, CROP), drawn by lot, and in every second case mirrored."""
        photograph = self.photographs[self._number(len(self.photographs))]
        top, left = (self._number(side - CROP + 1) for side in photograph.shape[-2:])
        crop = photograph[..., top : top + CROP, left : left + CROP]
        return crop.flip(3) if self._number(2) else crop

    def _number(self, below: int) -> int:
        return int(torch.randint(below, (), generator=self._lot))
