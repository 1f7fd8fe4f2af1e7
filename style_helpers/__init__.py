"""Neural style transfer in small, tested pieces. Start reading at `losses`, then `objective`, then `transfer`."""

__version__ = "0.1.0"
