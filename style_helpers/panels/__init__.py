"""What the learner touches: ipywidgets panels. Nothing below this package knows that it exists."""
