"""What an eye can tell apart: contrast as WCAG 2.2 defines it, and colours as colour-blind people see them."""

import itertools

import numpy as np

# G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", IEEE Transactions on Visualization and Computer Graphics 15(6), 2009: table 1, severity 1, for linear RGB
EYES = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def over(colour, ground, opacity=1.0) -> np.ndarray:
    """A colour, red, green and blue from 0 to 1, that lies over another and lets some of it through."""
    return opacity * np.asarray(colour, float)[:3] + (1 - opacity) * np.asarray(ground, float)[:3]


def contrast(one, other) -> float:
    """1 (equal) to 21 (black and white). WCAG 2.2, "contrast ratio" and "relative luminance"."""
    darker, lighter = sorted(_linear(colour) @ np.array([0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def nearest(colours, eye: str) -> float:
    """The smallest distance between two of some colours in CIELAB (1976), as an eye sees them; 2 is just noticeable."""
    seen = [_lab(EYES[eye] @ _linear(colour)) for colour in colours]
    return min(float(np.linalg.norm(one - other)) for one, other in itertools.combinations(seen, 2))


def _linear(colour) -> np.ndarray:
    colour = np.asarray(colour, float)[:3]
    return np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    share = (_XYZ @ linear.clip(0, 1)) / (_XYZ @ np.ones(3))
    x, y, z = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
