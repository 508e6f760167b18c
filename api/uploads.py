"""One file that comes with a request, on the engine's disk while it is looked at."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from models.errors import InvalidRequest

UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
"""What OpenAPI says of a route that takes one file."""


@asynccontextmanager
async def uploaded(request: Request, folder: Path) -> AsyncIterator[tuple[Path, str]]:
    """The file of the field `file`, copied into `folder` for as long as the block lasts, and the
    name that it came with. Raises `InvalidRequest`; OSError (a full disk)."""
    async with request.form(max_files=1, max_fields=4) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidRequest("请用 file 字段上传一个文件。", "Upload one file as `file`.")
        with tempfile.NamedTemporaryFile(dir=folder) as copy:
            await run_in_threadpool(_copy, file.file, copy)
            yield Path(copy.name), file.filename or ""


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    shutil.copyfileobj(source, target)
    target.flush()
