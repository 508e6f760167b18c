"""The number format in which a checkpoint computes.

"auto" means: on CUDA bfloat16 where the card has it, else float16; on a CPU float32, except that a
model of 4 GiB and more takes bfloat16 where the CPU computes in it (AVX-512 BF16, AMX), as then
half the memory matters more than speed. Measured on AVX-512 BF16 with one thread, a Qwen3 of 253 M:
float32 decodes 12.4 tokens/s and bfloat16 9.0, though it reads a prompt 2.5 times as fast
(benchmarks/decode.py).
"""

from pathlib import Path

import torch

from models.catalog import Checkpoint, Dtype
from models.weights import tensor_bytes

CPU_BFLOAT16_FROM_BYTES = 4 * 2**30  # of float32 weights
_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "auto": torch.float32,  # an upper bound, for who asks before a device is chosen
}


def torch_dtype(checkpoint: Checkpoint) -> torch.dtype:
    return _DTYPES[checkpoint.dtype]


def with_dtype(checkpoint: Checkpoint, path: Path, device: torch.device) -> Checkpoint:
    """`checkpoint` with "auto" replaced by the format that it will have on `device`."""
    if checkpoint.dtype != "auto":
        return checkpoint
    chosen = _for_cuda() if device.type == "cuda" else _for_cpu(path)
    return checkpoint.model_copy(update={"dtype": chosen})


def _for_cuda() -> Dtype:
    return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"


def cpu_computes_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16 itself; elsewhere torch emulates it, 40 times slower
    than float32."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _for_cpu(path: Path) -> Dtype:
    large = cpu_computes_bfloat16() and tensor_bytes(path, torch.float32) >= CPU_BFLOAT16_FROM_BYTES
    return "bfloat16" if large else "float32"
