"""A zip that is written for one answer and deleted once it has been sent."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

if TYPE_CHECKING:
    from duomo.engine import Engine


def zipped(engine: "Engine", name: str, write: Callable[[Path], object]) -> Response:
    """What `write` makes, deleted once it has been sent."""
    with tempfile.NamedTemporaryFile(dir=engine.incoming_dir, suffix=".zip", delete=False) as file:
        target = Path(file.name)
    try:
        write(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    forget = BackgroundTask(target.unlink, missing_ok=True)
    return FileResponse(target, media_type="application/zip", filename=name, background=forget)
