"""Register a folder of a person's own as a checkpoint: checked, hashed, never moved or changed."""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.catalog import UNSTATED, Catalog, Checkpoint, CheckpointFile, RoleName
from models.errors import CatalogError, InvalidRequest
from models.fetching.staging import telling
from models.hashing import Hasher, OnBytes, ignore
from models.inventory import user_entry
from models.weights import PIPELINE_INDEX, pipeline_class, tensor_bytes, weight_files

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_CLIP_TYPES = frozenset({"chinese_clip", "clip", "siglip", "siglip2"})
_LOADED = (".json", ".txt", ".jinja", ".model", ".safetensors")


@dataclass(frozen=True)
class Wanted:
    """What a person says of the folder. `like` names an entry whose defaults it takes over."""

    folder: Path
    role: RoleName
    name: str
    licence: str = UNSTATED
    languages: tuple[str, ...] = ("zh",)
    like: str | None = None


def register(
    wanted: Wanted,
    catalog: Catalog,
    data_dir: Path,
    on_bytes: OnBytes = ignore,
    cancel: threading.Event | None = None,
) -> Checkpoint:
    """Write an entry to `data_dir/catalog` and return it. Reads the folder once, for its hashes.

    Raises InvalidRequest (a name that is taken or none, no folder, a class that the role cannot
    load), CheckpointBroken (weights that cannot be read), CatalogError, Cancelled.
    """
    folder = _checked_folder(wanted.folder)
    if not _NAME.fullmatch(wanted.name) or wanted.name in catalog.names():
        raise InvalidRequest(
            f"名称 {wanted.name} 已经有了，或者不合要求：只用小写字母、数字、点和连字符。",
            f"The name {wanted.name} is taken, or is none: lower-case letters, digits, dots and "
            "hyphens only.",
        )
    loader = loader_of(folder, wanted.role)
    defaults = {} if wanted.like is None else catalog.get(wanted.like).defaults
    files = _hashed(folder, on_bytes, cancel)
    entry = _entry(wanted, folder, loader, defaults, files)
    _write(user_entry(data_dir, wanted.name), entry)
    return entry


def loader_of(folder: Path, role: RoleName) -> str:
    """The class that loads `folder` for `role`, judged by its configuration and its weights.

    Raises InvalidRequest, CheckpointBroken.
    """
    if role not in _LOADERS:
        raise InvalidRequest(
            f"{role} 还不能登记自己的文件夹，能登记的有：{'、'.join(_LOADERS)}。",
            f"No folder can be registered for {role}; there are: {', '.join(_LOADERS)}.",
        )
    loader = _LOADERS[role](folder)
    if loader is None:
        found = pipeline_class(folder) or _model_type(folder) or "?"
        raise InvalidRequest(
            f"{folder} 是 {found}，{role} 用不了这一类。请换一个用途（--role）或文件夹。",
            f"{folder} is {found}, which {role} cannot use. Choose another role (--role) or "
            "folder.",
        )
    import torch

    tensor_bytes(folder, torch.float32)
    return loader


def _llm(folder: Path) -> str | None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as KNOWN

    return "models.roles.llm:LanguageModel" if _model_type(folder) in KNOWN else None


def _vlm(folder: Path) -> str | None:
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as KNOWN,
    )

    return "models.roles.vlm:VisionLanguageModel" if _model_type(folder) in KNOWN else None


def _clip(folder: Path) -> str | None:
    if (folder / "open_clip_config.json").is_file():
        return "models.roles.clip:ClipModel"
    known = _model_type(folder) in _CLIP_TYPES
    return "models.roles.clip:TransformersClipModel" if known else None


def _asr(folder: Path) -> str | None:
    return "models.roles.asr:SpeechRecognizer" if _model_type(folder) == "whisper" else None


def _t2i(folder: Path) -> str | None:
    return "models.roles.t2i:ImageGenerator" if _is_known_pipeline(folder) else None


def _edit(folder: Path) -> str | None:
    return "models.roles.edit:ImageEditor" if _is_known_pipeline(folder) else None


_LOADERS: Mapping[str, Callable[[Path], str | None]] = {
    "llm": _llm,
    "clip": _clip,
    "vlm": _vlm,
    "t2i": _t2i,
    "edit": _edit,
    "asr": _asr,
}


def _is_known_pipeline(folder: Path) -> bool:
    from models.denoising.families import FAMILIES

    return pipeline_class(folder) in FAMILIES


def _model_type(folder: Path) -> str | None:
    """What `config.json` calls itself; None where there is none that can be read."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    found = config.get("model_type") if isinstance(config, dict) else None
    return found if isinstance(found, str) else None


def _checked_folder(folder: Path) -> Path:
    folder = folder.expanduser()
    if not folder.is_dir() or any(ord(letter) < 32 for letter in str(folder)):
        raise InvalidRequest(
            f"{folder} 不是这台电脑上的文件夹。", f"{folder} is not a folder of this machine."
        )
    folder = folder.resolve()
    if not weight_files(folder):
        raise InvalidRequest(
            f"{folder} 里没有 safetensors 权重。多模不载入 pickle 格式（.bin、.pt、.ckpt），"
            "请先转换。",
            f"{folder} has no safetensors weights. Duomo loads no pickles (.bin, .pt, .ckpt); "
            "convert them first.",
        )
    return folder


def _hashed(
    folder: Path, on_bytes: OnBytes, cancel: threading.Event | None
) -> tuple[CheckpointFile, ...]:
    """The files that a loader reads, with sizes and hashes."""
    paths = sorted({*weight_files(folder), *_companions(folder)})
    with telling(folder):
        hasher = Hasher(paths, on_bytes, cancel)
        return tuple(
            CheckpointFile(
                path=path.relative_to(folder).as_posix(),
                bytes=path.stat().st_size,
                sha256=hasher.sha256(path),
            )
            for path in paths
        )


def _companions(folder: Path) -> list[Path]:
    """Configurations and tokenizers, at the top and, of a pipeline, one folder below."""
    patterns = ("*", "*/*") if (folder / PIPELINE_INDEX).is_file() else ("*",)
    found = (path for pattern in patterns for path in folder.glob(pattern))
    return [p for p in found if p.is_file() and p.suffix in _LOADED and p.suffix != ".safetensors"]


def _entry(
    wanted: Wanted,
    folder: Path,
    loader: str,
    defaults: Mapping[str, Any],
    files: tuple[CheckpointFile, ...],
) -> Checkpoint:
    weights = "".join(f"{file.path}:{file.sha256}\n" for file in files)
    try:
        return Checkpoint(
            name=wanted.name,
            role=wanted.role,
            loader=loader,
            folder=folder,
            revision=hashlib.sha256(weights.encode()).hexdigest()[:12],
            files=files,
            licence=wanted.licence,
            languages=wanted.languages,
            defaults=dict(defaults),
        )
    except ValidationError as error:
        raise CatalogError(f"登记的内容不对：{error}", f"Cannot be registered: {error}") from error


def _write(path: Path, entry: Checkpoint) -> None:
    """As TOML; read back before it takes its place, so that no broken entry stops every start."""
    with telling(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_text(_toml(entry), encoding="utf-8")
        draft.rename(path)


def _toml(entry: Checkpoint) -> str:
    plain = entry.model_dump(mode="json", exclude_defaults=True, exclude={"files", "defaults"})
    lines = [f"{key} = {_value(value)}" for key, value in plain.items()]
    files = [f"  {_value(f.model_dump())}," for f in entry.files]
    lines += ["files = [", *files, "]"]
    if entry.defaults:
        lines += ["", "[defaults]", *(f"{k} = {_value(v)}" for k, v in entry.defaults.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """A TOML value. JSON's strings are TOML's basic strings, but for one control character."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
