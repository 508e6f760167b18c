"""The client's methods for pictures of the library and for creations."""

from collections.abc import Sequence
from typing import Any

from api.artifact_schemas import ArtifactInfo
from api.picture_schemas import (
    CreationDetail,
    CreationPage,
    DeletedCreations,
    FolderList,
    ForgottenFolder,
    PictureDetail,
    PicturePage,
    PictureText,
)
from api.wire import Wire, path_part

_BUNDLE_SECONDS = 300.0
_READ_SECONDS = 300.0


class PictureCalls(Wire):
    """The picture library, picture by picture."""

    def pictures(self, **query: Any) -> PicturePage:
        """A page; the fields of `api.picture_schemas.PictureQuery`."""
        return self._get(PicturePage, "/api/library/pictures", _given(query))

    def picture(self, image_id: int) -> PictureDetail:
        return self._get(PictureDetail, f"/api/library/images/{image_id}")

    def read_picture(self, image_id: int) -> str:
        """The writing in it, kept in the library; may take as long as a model takes to load."""
        path = f"/api/library/images/{image_id}/text"
        return self._post(PictureText, path, timeout=_READ_SECONDS).text

    def keep_picture(self, image_id: int) -> ArtifactInfo:
        """A copy among the artifacts, which a turn can attach."""
        return self._post(ArtifactInfo, f"/api/library/images/{image_id}/keep")

    def bundle_pictures(self, image_ids: Sequence[int]) -> bytes:
        """A zip, without places."""
        body = {"image_ids": list(image_ids)}
        path = "/api/library/bundle"
        return self._send("POST", path, json=body, timeout=_BUNDLE_SECONDS).content

    def folders(self) -> FolderList:
        return self._get(FolderList, "/api/library/folders")

    def remove_folder(self, path: str) -> int:
        """Take it out of the library; how many pictures went with it. Its files stay."""
        body = {"path": path}
        return self._post(ForgottenFolder, "/api/library/folders/remove", body).forgotten


class CreationCalls(Wire):
    """Everything that was made here."""

    def creations(self, **query: Any) -> CreationPage:
        """A page; the fields of `api.picture_schemas.CreationQuery`."""
        return self._get(CreationPage, "/api/creations", _given(query))

    def creation(self, sha256: str) -> CreationDetail:
        return self._get(CreationDetail, f"/api/creations/{path_part(sha256)}")

    def delete_creations(self, sha256s: Sequence[str]) -> int:
        body = {"sha256s": list(sha256s)}
        return self._post(DeletedCreations, "/api/creations/delete", body).deleted

    def bundle_creations(self, sha256s: Sequence[str]) -> bytes:
        """A zip, labels kept."""
        body = {"sha256s": list(sha256s)}
        path = "/api/creations/bundle"
        return self._send("POST", path, json=body, timeout=_BUNDLE_SECONDS).content


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}
