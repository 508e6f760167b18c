"""The client's methods for checkpoints: what is here, and fetching."""

from collections.abc import Sequence

from api.model_schemas import ModelsView, PullBody, PullView, RemovedView
from api.wire import Wire, path_part, view_of


class ModelCalls(Wire):
    """Mixed into `api.client.Client`."""

    def models(self) -> ModelsView:
        """Every model of the catalogue and what is here of it, and the profiles."""
        return self._get(ModelsView, "/api/models")

    def pull(
        self, names: Sequence[str] = (), *, profile: str | None = None, source: str | None = None
    ) -> PullView:
        """Starts to fetch models, and those of a profile; `source` auto, huggingface, modelscope.

        The one thing that makes the engine reach out of this machine.
        """
        body = {"names": list(names), "profile": profile, "source": source}
        return self._post(PullView, "/api/models/pull", body)

    def pull_job(self) -> PullView | None:
        """The pull that runs, or the last one that ran; None when there was none."""
        return self._get(PullBody, "/api/models/pull").job

    def cancel_pull(self) -> PullView | None:
        return self._post(PullBody, "/api/models/pull/cancel").job

    def remove_model(self, name: str) -> RemovedView:
        """Deletes what was pulled; of a registered folder only the entry goes."""
        return view_of(RemovedView, self._send("DELETE", f"/api/models/{path_part(name)}"))
