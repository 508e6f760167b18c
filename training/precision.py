"""The number format in which recipes multiply matrices on this machine's CPU.

bfloat16 where the CPU has instructions for it (AVX-512 BF16, AMX), which is about twice as fast as
float32; elsewhere torch emulates it, at 1.5 GFLOP/s where float32 does 60.
"""

import torch

from models.dtypes import cpu_computes_bfloat16

MATRIX = torch.bfloat16 if cpu_computes_bfloat16() else torch.float32


def autocast() -> torch.autocast:
    """Matrices in `MATRIX` within this context."""
    return torch.autocast("cpu", torch.bfloat16, enabled=MATRIX is torch.bfloat16)
