"""Where torch can compute."""

from lcbench.errors import InputError


def check_device(name: str) -> str:
    """Check that a device is there.

    Raises:
        InputError: If it is not.
    """
    if name == "cpu":
        return name
    import torch

    there = torch.cuda.device_count()
    names = ["cuda", *(f"cuda:{i}" for i in range(there))] if there else []
    if name not in names:
        wanted = f"one of {', '.join(['cpu', *names])}" if names else "cpu, where torch finds no GPU"
        raise InputError(f"device must be {wanted}, got {name!r}; choose another, or go to a machine that has it.")
    return name
