"""Catalogue, profiles, inventory and puller as the settings say. Costs no torch."""

from duomo.settings import Settings
from models.catalog import BUNDLED_CATALOG, Catalog, Profile, load_profiles
from models.errors import InvalidRequest
from models.fetching.caches import Caches
from models.fetching.pull import Puller
from models.fetching.sources import SourceChoice, hubs
from models.inventory import Inventory


def catalog_of(settings: Settings) -> Catalog:
    """The bundled entries and those of `$DUOMO_HOME/catalog`. Raises CatalogError."""
    return Catalog.from_directories(BUNDLED_CATALOG, settings.home / "catalog")


def profiles_of(settings: Settings) -> dict[str, Profile]:
    """The bundled profiles and those of `$DUOMO_HOME/profiles.toml`. Raises CatalogError."""
    own = settings.home / "profiles.toml"
    return load_profiles() | (load_profiles(own) if own.is_file() else {})


def profile_of(settings: Settings, name: str) -> Profile:
    """Raises InvalidRequest, which names those that there are."""
    profiles = profiles_of(settings)
    if name not in profiles:
        raise InvalidRequest(
            f"没有叫 {name} 的配置，可用的有：{'、'.join(profiles)}。请改设置 profile。",
            f"There is no profile {name}. Choose one of: {', '.join(profiles)}.",
        )
    return profiles[name]


def inventory_of(settings: Settings) -> Inventory:
    return Inventory(catalog_of(settings), profiles_of(settings), settings.home)


def puller_of(settings: Settings, source: SourceChoice | None = None) -> Puller:
    """`source`: in place of the setting `hub`. Raises InvalidRequest, CatalogError."""
    chosen = hubs(source or settings.hub, settings.mirrors)
    return Puller(catalog_of(settings), settings.home, chosen, Caches.of())
