"""The loaded model of a role that an evaluation asks for."""

from pathlib import Path
from typing import TypeVar

import torch

from models.catalog import Catalog, Checkpoint, load_profiles
from models.errors import NotFound
from models.roles import Role, role_class

_Loaded = TypeVar("_Loaded", bound=Role)


def load_role(kind: type[_Loaded], role: str, profile: str, data: Path) -> _Loaded:
    """The checkpoint of `role` in `profile`, loaded as `kind`.

    Raises NotFound where the profile has none, CheckpointMissing where its files are not there."""
    profiles, catalog = load_profiles(), Catalog.bundled()
    if profile not in profiles or role not in profiles[profile].roles:
        raise NotFound(
            f"没有配置 {profile}，或者它没有 {role} 模型。",
            f"There is no profile {profile}, or it has no {role}.",
        )
    name = profiles[profile].roles[role]
    return _load(kind, catalog.get(name), catalog.locate(name, data))


def load_chosen(
    kind: type[_Loaded], role: str, profile: str, data: Path, weights: Path | None
) -> _Loaded:
    """The weights in the folder `weights` where it is named, else the checkpoint of `profile`."""
    if weights is not None:
        return load_folder(kind, role, weights)
    return load_role(kind, role, profile, data)


def load_folder(kind: type[_Loaded], role: str, folder: Path) -> _Loaded:
    """The weights in `folder`, under the catalogue entry of the starter of `role`."""
    return _load(kind, Catalog.bundled().get(f"starter-{role}"), folder)


def _load(kind: type[_Loaded], checkpoint: Checkpoint, folder: Path) -> _Loaded:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    loaded = role_class(checkpoint).load(folder, checkpoint, device)
    assert isinstance(loaded, kind)
    return loaded
