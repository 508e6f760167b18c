"""Which files of a repository a checkpoint's class loads: those, and no others.

Weights are safetensors, never pickles (`.bin`, `.pt`, `.ckpt` run code when they are loaded), and
of several variants of the same weights the plain one, which is what loaders take.
"""

import re
from collections.abc import Callable, Collection, Iterable
from pathlib import PurePosixPath

from models.catalog import Checkpoint, CheckpointFile
from models.errors import SourceLacks, SourceUntrusted
from models.fetching.remote import Listing, RemoteFile, distinct, is_safe

PIPELINE_INDEX = "model_index.json"
TEXT_SUFFIXES = frozenset({".json", ".txt", ".jinja", ".model", ".tiktoken"})
"""Configurations, tokenizers (`.model` is sentencepiece's protobuf), templates."""
MOST_TEXT_BYTES = 128 * 2**20
_PAPERS = re.compile(r"(readme|licen[cs]e|notice)[\w.-]*", re.IGNORECASE)
_PAPER_SUFFIXES = frozenset({"", ".md", ".txt"})
_WEIGHTS = re.compile(r"(model|diffusion_pytorch_model)(-\d{5}-of-\d{5})?\.safetensors")
_OPEN_CLIP_WEIGHTS = re.compile(r"open_clip_model\.safetensors")
_INDEX = re.compile(r".*\.safetensors\.index(\.[\w-]+)?\.json")
_PLAIN_INDEX = re.compile(r"(model|diffusion_pytorch_model)\.safetensors\.index\.json")


def select(
    checkpoint: Checkpoint, listing: Listing, components: Collection[str] | None = None
) -> tuple[RemoteFile, ...]:
    """The files to fetch, sorted. `components`: those a pipeline's index names, once it is read.

    Raises SourceLacks (a file of the catalogue entry, or all weights, are not there) and
    SourceUntrusted (the hub contradicts the catalogue entry).
    """
    if checkpoint.files:
        chosen: Iterable[RemoteFile] = _listed(checkpoint, listing)
    else:
        chosen = _found(checkpoint, listing, components)
    return distinct(chosen)


def pipeline_index(checkpoint: Checkpoint, listing: Listing) -> RemoteFile | None:
    """The file that says which folders a pipeline has, where the choice depends on it."""
    if checkpoint.files or _is_open_clip(checkpoint):
        return None
    return next((file for file in listing.files if file.path == PIPELINE_INDEX), None)


def whole_in_catalogue(checkpoint: Checkpoint) -> tuple[RemoteFile, ...] | None:
    """The files, where the catalogue entry knows size and SHA-256 of each: no hub is asked."""
    files = tuple(
        RemoteFile(file.path, file.bytes, file.sha256)
        for file in checkpoint.files
        if file.bytes is not None and file.sha256 is not None
    )
    if not files or len(files) < len(checkpoint.files):
        return None
    for file in files:
        _check_fit(checkpoint, file.path)
    return distinct(files)


def _listed(checkpoint: Checkpoint, listing: Listing) -> list[RemoteFile]:
    there = {file.path: file for file in listing.files}
    chosen = []
    for wanted in checkpoint.files:
        _check_fit(checkpoint, wanted.path)
        if wanted.path not in there:
            raise SourceLacks(
                f"{listing.repo} 里没有 {checkpoint.name} 需要的 {wanted.path}。请换一个来源。",
                f"{listing.repo} lacks {wanted.path} of {checkpoint.name}. Choose another source.",
            )
        chosen.append(_agreed(checkpoint, wanted, there[wanted.path]))
    return chosen


def _agreed(checkpoint: Checkpoint, wanted: CheckpointFile, there: RemoteFile) -> RemoteFile:
    """What catalogue entry and hub say together."""
    sizes, hashes = {wanted.bytes, there.bytes} - {None}, {wanted.sha256, there.sha256} - {None}
    if len(sizes) > 1 or len(hashes) > 1:
        raise SourceUntrusted(
            f"{wanted.path} 和目录里 {checkpoint.name} 登记的不是同一个文件。请换一个来源。",
            f"{wanted.path} is not the file that the catalogue knows for {checkpoint.name}. "
            "Choose another source.",
        )
    return RemoteFile(there.path, there.bytes, wanted.sha256 or there.sha256, there.git_sha1)


def _check_fit(checkpoint: Checkpoint, path: str) -> None:
    if not is_safe(path) or not (_is_text(path) or path.endswith(".safetensors")):
        raise SourceUntrusted(
            f"目录条目 {checkpoint.name} 列出了 {path}，这种文件不下载：只取 safetensors 和文本。",
            f"Catalogue entry {checkpoint.name} lists {path}, a kind that is never fetched: "
            "only safetensors and text are.",
        )


def _found(
    checkpoint: Checkpoint, listing: Listing, components: Collection[str] | None
) -> list[RemoteFile]:
    folders = {""} | set(components or ())
    inside = [file for file in listing.files if _folder(file.path) in folders]
    is_weights = _matching(_OPEN_CLIP_WEIGHTS if _is_open_clip(checkpoint) else _WEIGHTS)
    # The top of a pipeline's repository may hold a single file of everything, for other programs.
    weights = [
        file
        for file in inside
        if is_weights(_name(file.path)) and (components is None or _folder(file.path))
    ]
    if not weights:
        raise SourceLacks(
            f"{listing.repo} 的这个版本没有 {checkpoint.name} 能用的 safetensors 权重。"
            "请换一个版本或来源；多模不下载 pickle 格式的权重。",
            f"{listing.repo} has no safetensors weights for {checkpoint.name} at this revision. "
            "Choose another revision or source; Duomo never fetches pickled weights.",
        )
    return [file for file in inside if _is_companion(file)] + _without_doubles(weights)


def _without_doubles(weights: list[RemoteFile]) -> list[RemoteFile]:
    """Where a folder has its weights both whole and in shards, the whole: loaders look there."""
    whole = {_stem(file.path) for file in weights if "-of-" not in _name(file.path)}
    return [f for f in weights if "-of-" not in _name(f.path) or _stem(f.path) not in whole]


def _stem(path: str) -> str:
    """`unet/model-00001-of-00002.safetensors` → `unet/model`."""
    return re.sub(r"(-\d{5}-of-\d{5})?\.safetensors$", "", path)


def _is_companion(file: RemoteFile) -> bool:
    """A small file beside the weights that a loader, or a person, reads."""
    name = _name(file.path)
    if name.startswith(".") or (_INDEX.fullmatch(name) and not _PLAIN_INDEX.fullmatch(name)):
        return False
    return _is_text(file.path) and file.bytes <= MOST_TEXT_BYTES


def _is_text(path: str) -> bool:
    name, suffix = _name(path), PurePosixPath(path).suffix.lower()
    is_paper = _PAPERS.fullmatch(name) and suffix in _PAPER_SUFFIXES
    return suffix in TEXT_SUFFIXES or bool(is_paper)


def _is_open_clip(checkpoint: Checkpoint) -> bool:
    return checkpoint.loader.endswith(":ClipModel")


def _matching(form: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda name: form.fullmatch(name) is not None


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]
