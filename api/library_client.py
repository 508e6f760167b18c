"""The client's methods for the library as a whole, and for the bundled gallery."""

from collections.abc import Sequence
from pathlib import Path

from api.library_schemas import (
    GalleryView,
    HitList,
    HitView,
    IndexJob,
    IndexJobBody,
    LibraryView,
    UnreadableList,
    UnreadableView,
)
from api.wire import Wire, path_part


class LibraryCalls(Wire):
    """Mixed into `api.client.Client`."""

    def library(self) -> LibraryView:
        return self._get(LibraryView, "/api/library")

    def search_library(self, query: str, top_k: int = 12) -> tuple[HitView, ...]:
        params = {"q": query, "top_k": top_k}
        return self._get(HitList, "/api/library/search", params=params).hits

    def search_library_by_image(self, sha256: str, top_k: int = 12) -> tuple[HitView, ...]:
        """Pictures like an uploaded one; it is itself among them where the library has it."""
        params = {"image": sha256, "top_k": top_k}
        return self._get(HitList, "/api/library/similar", params=params).hits

    def library_thumbnail(self, image_id: int, size: int = 512) -> bytes:
        path = f"/api/library/images/{image_id}/thumbnail"
        return self._send("GET", path, params={"size": size}).content

    def index(self, folders: Sequence[Path | str]) -> IndexJob:
        """Starts to index folders of the engine's machine (absolute paths)."""
        body = {"folders": [str(folder) for folder in folders]}
        return self._post(IndexJob, "/api/library/index", body)

    def index_job(self) -> IndexJob | None:
        """The job that runs, or the last one that ran; None when there was none."""
        return self._get(IndexJobBody, "/api/library/index").job

    def cancel_index(self) -> IndexJob | None:
        return self._post(IndexJobBody, "/api/library/index/cancel").job

    def unreadable(self, limit: int = 100, offset: int = 0) -> tuple[UnreadableView, ...]:
        params = {"limit": limit, "offset": offset}
        return self._get(UnreadableList, "/api/library/unreadable", params=params).unreadable

    def gallery(self) -> GalleryView:
        return self._get(GalleryView, "/api/gallery")

    def gallery_thumbnail(self, file: str, size: int = 512) -> bytes:
        path = f"/api/gallery/{path_part(file)}/thumbnail"
        return self._send("GET", path, params={"size": size}).content
