"""The catalogue as a profile and a person's settings want it: quantisation, and other defaults."""

from collections.abc import Mapping
from typing import Literal

from pydantic import ValidationError

from models.catalog import Catalog, Checkpoint, Profile, Quantisation, Tuning
from models.errors import InvalidRequest

Choice = Quantisation | Literal["none"]


def tuned(
    catalog: Catalog, profile: Profile, quantisation: Mapping[str, Choice] | None = None
) -> Catalog:
    """`catalog` with the entries that `profile` names changed as it says.

    `quantisation`, by role, has the last word. Raises NotFound (the profile names an unknown entry)
    and InvalidRequest (the role of an entry cannot be quantised like that).
    """
    wanted = quantisation or {}
    changed = {
        name: _changed(catalog.get(name), profile.tuning.get(role), wanted.get(role))
        for role, name in profile.roles.items()
    }
    return Catalog(changed.get(name, catalog.get(name)) for name in catalog.names())


def _changed(checkpoint: Checkpoint, tuning: Tuning | None, choice: Choice | None) -> Checkpoint:
    tuning = tuning or Tuning()
    chosen = choice or tuning.quantisation or checkpoint.quantisation
    changes = {
        "quantisation": None if chosen == "none" else chosen,
        "defaults": {**checkpoint.defaults, **tuning.defaults},
    }
    try:
        return Checkpoint.model_validate({**checkpoint.model_dump(), **changes})
    except ValidationError as error:
        raise InvalidRequest(
            f"{checkpoint.name}（{checkpoint.role}）不能用 {chosen} 量化，请改设置或方案里的 "
            "quantisation。",
            f"{checkpoint.name} ({checkpoint.role}) cannot be quantised to {chosen}; change "
            "quantisation in the settings or the profile.",
        ) from error
