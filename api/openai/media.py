"""Pictures and sounds inside of JSON: data: URLs and base64. Nothing is fetched from anywhere."""

import base64
import binascii
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from models.errors import InvalidRequest, MediaTooLarge, UnreadableMedia

_DATA_URL = re.compile(r"data:[\w.+/;=-]{0,100};base64,", re.ASCII)
_ARTIFACT = re.compile(r"/api/artifacts/([0-9a-f]{64})")


@dataclass(frozen=True)
class MediaRules:
    """`hosts`: names under which this engine is known; `max_bytes` of one file."""

    hosts: Collection[str]
    max_bytes: int

    def artifact(self, url: str) -> str | None:
        """The SHA-256 of an artifact that `url` is the address of."""
        try:
            parts = urlsplit(url)
            host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        except ValueError:
            return None
        found = _ARTIFACT.fullmatch(parts.path)
        return found[1] if found is not None and host in self.hosts else None

    def picture(self, url: str) -> bytes:
        """The bytes of a data: URL. Raises InvalidRequest (another address), MediaTooLarge,
        UnreadableMedia (no base64)."""
        head = _DATA_URL.match(url)
        if head is None:
            raise InvalidRequest(
                "多模不会去网上取图。请把图片写成 data:image/png;base64,… 的地址。",
                "Duomo fetches nothing. Give the picture as a data:image/png;base64,… URL.",
            )
        return self.decoded(url[head.end() :])

    def decoded(self, text: str) -> bytes:
        """Base64 → bytes, bounded before anything is decoded."""
        if len(text) * 3 // 4 > self.max_bytes + 2:
            raise MediaTooLarge(
                f"文件太大，最多 {self.max_bytes >> 20} MiB。请缩小后再试。",
                f"The file is too large; at most {self.max_bytes >> 20} MiB. Make it smaller.",
            )
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise UnreadableMedia(
                "这不是完整的 base64，请检查后再传。", "This is no whole base64; check it."
            ) from error
