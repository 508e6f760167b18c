"""The peer of the budget: checkpoints that accelerate's hooks take to the card and back.

What `cpu_offload_with_hook` does for a chain of models, and diffusers' `enable_model_cpu_offload`
for the parts of a pipeline: each lies in ordinary host memory, goes up when it is called, and the
one before goes down. The roles, and how their weights are packed, are ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import cpu_offload_with_hook
from accelerate.hooks import UserCpuOffloadHook

from models.catalog import Catalog, Profile
from models.roles import role_class
from models.roles.diffusion import DiffusionModel

CPU = torch.device("cpu")


class OffloadHooks:
    """Leases for `ten_steps.run`, one checkpoint, or part of a pipeline, on the card at a time.

    Every checkpoint is read before the first lease: reading from disk is not compared.
    """

    def __init__(
        self, catalog: Catalog, profile: Profile, device: torch.device, data_dir: Path
    ) -> None:
        self._device = device
        self._last: UserCpuOffloadHook | None = None
        self._roles: dict[str, Any] = {}
        self._hooks: dict[str, list[UserCpuOffloadHook]] = {}
        for role, name in profile.roles.items():
            checkpoint = catalog.get(name)
            loader = role_class(checkpoint)
            model: Any = loader.load(catalog.locate(name, data_dir), checkpoint, CPU)
            self._roles[role] = model
            self._hooks[role] = [self._hooked(module) for module in _modules(model)]

    @contextmanager
    def lease(self, role: str, *, size: int) -> Iterator[Any]:  # noqa: ARG002  # as Residency's
        """The role; a model as a whole goes up at once, a pipeline's parts as they are called."""
        model, hooks = self._roles[role], self._hooks[role]
        for hook in hooks:
            hook.hook.prev_module_hook = self._last if self._last is not hook else None
            if not isinstance(model, DiffusionModel):
                hook.hook.pre_forward(hook.model)
            self._last = hook
        yield model

    def close(self) -> None:
        """Drop all weights."""
        self._hooks.clear()
        for model in self._roles.values():
            model.release()
        self._roles.clear()
        self._last = None

    def _hooked(self, module: torch.nn.Module) -> UserCpuOffloadHook:
        _, hook = cpu_offload_with_hook(module, self._device)
        made: UserCpuOffloadHook = hook
        return made


def _modules(model: Any) -> tuple[torch.nn.Module, ...]:
    """What holds weights; in the order in which a pipeline calls its parts."""
    if isinstance(model, DiffusionModel):
        pipeline = model._family.pipeline  # the parts, and their order
        order = pipeline.model_cpu_offload_seq.split("->")
        return tuple(getattr(pipeline, name) for name in order if getattr(pipeline, name, None))
    modules = getattr(model, "modules", None)
    return modules() if modules is not None else ()
