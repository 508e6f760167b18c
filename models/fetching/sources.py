"""Which hubs a pull may ask, in which order: by the environment and by what the person chose."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import httpx

from models.errors import InvalidRequest
from models.fetching.hubs import Hub, HuggingFace, ModelScope
from models.fetching.web import Endpoint

SourceChoice = Literal["auto", "huggingface", "modelscope"]
HUGGINGFACE = "https://huggingface.co"
MODELSCOPE = "https://www.modelscope.cn"
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


def hubs(
    choice: SourceChoice = "auto",
    mirrors: Sequence[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> tuple[Hub, ...]:
    """The first that works serves.

    `auto`: Hugging Face (HF_ENDPOINT in its place), its `mirrors`, then ModelScope. Mirrors never
    get a token. Raises InvalidRequest for an address that is none.
    """
    first = environment.get("HF_ENDPOINT") or HUGGINGFACE
    faces: tuple[Hub, ...] = (
        HuggingFace(Endpoint(_address(first), _huggingface_token(environment))),
        *(HuggingFace(Endpoint(_address(mirror))) for mirror in mirrors),
    )
    token = environment.get("MODELSCOPE_API_TOKEN") or None
    scope: tuple[Hub, ...] = (
        ModelScope(Endpoint(_modelscope(environment), token, "MODELSCOPE_API_TOKEN")),
    )
    return {"huggingface": faces, "modelscope": scope, "auto": faces + scope}[choice]


def _huggingface_token(environment: Mapping[str, str]) -> str | None:
    """HF_TOKEN, or what `hf auth login` left."""
    if token := environment.get("HF_TOKEN"):
        return token.strip()
    home = Path(environment.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    path = Path(environment.get("HF_TOKEN_PATH") or home / "token").expanduser()
    try:
        return path.read_text("ascii").strip() or None
    except (OSError, ValueError):
        return None


def _modelscope(environment: Mapping[str, str]) -> str:
    named = environment.get("MODELSCOPE_ENDPOINT") or environment.get("MODELSCOPE_DOMAIN")
    if not named:
        return MODELSCOPE
    return _address(named if "://" in named else f"https://{named}")


def _address(text: str) -> str:
    """`text` without a slash at its end, if it is where HTTP can go."""
    try:
        url = httpx.URL(text)
        named = _HOST.fullmatch(url.host) is not None
        usable = url.scheme in {"http", "https"} and named and not url.userinfo
    except httpx.InvalidURL:
        usable = False
    if not usable:
        raise InvalidRequest(
            f"下载地址 {text!r} 不能用，应为 https://主机名。请检查 HF_ENDPOINT 和设置 mirrors。",
            f"{text!r} is no address to fetch from; write https://HOST. "
            "Check HF_ENDPOINT and the setting mirrors.",
        )
    return text.rstrip("/")
