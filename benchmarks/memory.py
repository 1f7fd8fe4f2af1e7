"""Peak memory of a few evaluations, in a process of its own: python -m benchmarks.memory SIZE DEVICE prints JSON."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def measure(size: int, device) -> dict:
    """{"size", "after_import", "peak"}, in bytes, of `gatys` with VGG-16 on pictures of size x size."""
    command = [sys.executable, "-m", "benchmarks.memory", str(size), str(device)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def main(size: int, device_name: str):
    import torch

    from benchmarks import machine, pictures
    from style_helpers import networks, transfer
    from style_helpers.objective import StyleObjective
    from style_helpers.settings import Settings

    device = torch.device(device_name)
    after_import = machine.most_memory(device)
    settings = Settings.gatys(evaluations=3)
    for _ in transfer.Run(StyleObjective(networks.load("vgg16"), *pictures.squares(size, device), settings)):
        pass
    print(json.dumps({"size": size, "after_import": after_import, "peak": machine.most_memory(device)}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
