"""Which profile is meant, and the catalogue as that profile and the settings want it."""

from duomo.settings import Settings
from models.catalog import BUNDLED_CATALOG, Catalog, Profile, check_profile, load_profiles
from models.errors import InvalidRequest
from models.tuning import tuned


def chosen(settings: Settings, name: str | None = None) -> tuple[Profile, Catalog]:
    """The profile `name`, by default that of the settings, of the bundled ones and those of
    `$DUOMO_HOME/profiles.toml`, with its catalogue.

    Raises InvalidRequest (no such profile, a quantisation that a role cannot have), CatalogError.
    """
    catalog = Catalog.from_directories(BUNDLED_CATALOG, settings.home / "catalog")
    own = settings.home / "profiles.toml"
    profiles = load_profiles() | (load_profiles(own) if own.is_file() else {})
    name = name or settings.profile
    if name not in profiles:
        known = "、".join(profiles)
        raise InvalidRequest(
            f"没有叫 {name} 的方案，可用的有：{known}。请改设置 profile。",
            f"There is no profile {name}. Choose one of: {', '.join(profiles)}.",
        )
    check_profile(profiles[name], catalog)
    schemes = {str(role): scheme for role, scheme in settings.quantisation.items()}
    return profiles[name], tuned(catalog, profiles[name], schemes)
