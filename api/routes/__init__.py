"""One file per resource. Routes translate: HTTP in, a call of the engine, a view out."""

from api.routes import artifacts, conversations, health, library, models, runs, settings, system

ROUTERS = (
    health.router,
    system.router,
    conversations.router,
    runs.router,
    artifacts.router,
    library.router,
    models.router,
    settings.router,
)
