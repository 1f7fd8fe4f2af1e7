"""Neural style transfer in small, tested pieces. Start reading at `losses`, then `objective`, then `transfer`."""

import sys
from pathlib import Path

__version__ = "1.0.0"

# What is typed before a command such as `prepare`: start.py where it made the environment, else this package
_OWN_ENVIRONMENT = Path(sys.prefix) == Path(__file__).resolve().parents[1] / ".venv"
COMMAND = "python start.py" if _OWN_ENVIRONMENT else "python -m style_helpers"
