"""Which profile is meant, and the catalogue as that profile and the settings want it."""

from duomo.checkpoints import catalog_of, profile_of
from duomo.settings import Settings
from models.catalog import Catalog, Profile, check_profile
from models.tuning import tuned


def chosen(settings: Settings, name: str | None = None) -> tuple[Profile, Catalog]:
    """The profile `name`, by default that of the settings, of the bundled ones and those of
    `$DUOMO_HOME/profiles.toml`, with its catalogue.

    Raises InvalidRequest (no such profile, a quantisation that a role cannot have), CatalogError.
    """
    catalog = catalog_of(settings)
    profile = profile_of(settings, name or settings.profile)
    check_profile(profile, catalog)
    schemes = {str(role): scheme for role, scheme in settings.quantisation.items()}
    return profile, tuned(catalog, profile, schemes)
