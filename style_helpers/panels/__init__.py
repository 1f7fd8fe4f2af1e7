"""What the learner touches: ipywidgets panels. Nothing below this package knows that it exists."""

from style_helpers.panels.prediction import predict

__all__ = ["predict"]
