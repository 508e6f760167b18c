"""One file per resource. Routes translate: HTTP in, a call of the engine, a view out."""

from api.routes import (
    artifacts,
    cache,
    conversations,
    creations,
    health,
    library,
    models,
    pictures,
    runs,
    settings,
    steps,
    system,
    turns,
)

ROUTERS = (
    health.router,
    system.router,
    conversations.router,
    runs.router,
    steps.router,
    turns.router,
    artifacts.router,
    library.router,
    pictures.router,
    creations.router,
    models.router,
    settings.router,
    cache.router,
)
