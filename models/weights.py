"""What a folder of safetensors files holds, read from the headers alone.

Source: the safetensors format (8 bytes of little-endian header length, then a JSON header).
"""

import hashlib
import json
import struct
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import torch

from models.errors import CheckpointBroken

PIPELINE_INDEX = "model_index.json"
PIPELINE_LIBRARIES = {"diffusers", "transformers"}  # of other libraries nothing is ever loaded
HEADER_LIMIT = 100_000_000  # bytes; the bound of the format itself
_ITEM_BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2,
    "U16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
_FLOATING = {"F64", "F32", "F16", "BF16"}


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint, in name order.

    Those at the top; of a diffusers pipeline those of the components that its `model_index.json`
    names, where those are of a library that is loaded. Variants (`model.fp16.safetensors`) are left
    out, as loaders take the plain file. Raises CheckpointBroken when the index cannot be read.
    """
    components = pipeline_index(folder).items()
    own = [folder / name for name, (library, _) in components if library in PIPELINE_LIBRARIES]
    folders = own or [folder]
    found = [path for part in folders for path in part.glob("*.safetensors")]
    return sorted(path for path in found if "." not in path.stem)


def pipeline_index(folder: Path) -> dict[str, tuple[str, str]]:
    """Component → (library, class) of a diffusers `model_index.json`; {} where there is none.

    Raises CheckpointBroken when it cannot be read.
    """
    named = {name: value for name, value in _index(folder).items() if isinstance(value, list)}
    return {name: (str(value[0]), str(value[-1])) for name, value in named.items() if all(value)}


def pipeline_class(folder: Path) -> str | None:
    """The pipeline class that a diffusers `model_index.json` names; None where there is none."""
    name = _index(folder).get("_class_name")
    return None if name is None else str(name)


def _index(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / PIPELINE_INDEX).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise CheckpointBroken(
            f"{folder} 里的 {PIPELINE_INDEX} 读不了，请重新获取：{error}",
            f"{PIPELINE_INDEX} in {folder} cannot be read; fetch it again: {error}",
        ) from error


def unreadable(path: Path, error: Exception) -> CheckpointBroken:
    """What to raise where the file `path` of a checkpoint can't be read, for the reason `error`."""
    return CheckpointBroken(
        f"{path} 读不了，请重新获取：{error}",
        f"{path} cannot be read; fetch it again: {error}",
    )


def tensor_bytes(folder: Path, dtype: torch.dtype) -> int:
    """Bytes of all tensors in `weight_files` once floating ones are cast to `dtype`.

    Raises CheckpointBroken when there is no such file or a header cannot be read.
    """
    paths = weight_files(folder)
    if not paths:
        raise CheckpointBroken(
            f"{folder} 里没有 safetensors 权重文件，请重新获取。",
            f"{folder} holds no safetensors weights; fetch them again.",
        )
    return sum(
        count * (dtype.itemsize if kind in _FLOATING else _ITEM_BYTES[kind])
        for path in paths
        for kind, count in _tensors(path)
    )


def fingerprint(folder: Path) -> str:
    """The first 12 hex digits of the SHA-256 over `weight_files(folder)`.

    The revision of a checkpoint that no repository numbers: other weights, other revision.
    """
    digest = hashlib.sha256()
    for path in weight_files(folder):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


def _tensors(path: Path) -> Iterator[tuple[str, int]]:
    """(kind, number of elements) of each tensor."""
    try:
        for name, entry in _header(path).items():
            if name != "__metadata__":
                if entry["dtype"] not in _ITEM_BYTES:
                    raise ValueError(f"unknown dtype {entry['dtype']}")
                yield entry["dtype"], prod(entry["shape"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise CheckpointBroken(
            f"权重文件 {path.name} 已损坏，请重新获取：{error}",
            f"The weights {path.name} are damaged; fetch them again: {error}",
        ) from error


def _header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > HEADER_LIMIT:
            raise ValueError(f"a header of {length} bytes")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise TypeError("the header is no object")
    return header
