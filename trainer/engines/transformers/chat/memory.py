"""How much memory there is for models: the GPU's, or else the machine's."""

import torch

from trainer.engines.transformers import machine


def memory(device: str) -> tuple[int, int]:
    """(free, in all), in bytes, of the device that models are loaded on."""
    if device == "cuda":
        free, total = torch.cuda.mem_get_info()
        return int(free), int(total)
    return machine.memory()
