"""The settings: look, change, and start the engine anew so that they hold."""

from fastapi import APIRouter, Request
from pydantic.fields import FieldInfo

from api.schemas import Words
from api.settings_schemas import NewSettings, SettingsView, SettingView
from duomo import settings_file
from duomo.checkpoints import profiles_of
from duomo.settings import TOML_NAME, Settings, load_settings
from models.errors import EngineUnavailable

router = APIRouter(prefix="/api", tags=["settings"])


@router.get("/settings", summary="Every setting, and what it will be after a restart")
def settings(request: Request) -> SettingsView:
    running: Settings = request.app.state.settings
    coming = load_settings(home=running.home)
    sources = settings_file.sources(running.home)
    return SettingsView(
        file=str(running.home / TOML_NAME),
        restartable=request.app.state.restart is not None,
        settings=tuple(
            _view(name, field, running, coming, sources[name])
            for name, field in Settings.model_fields.items()
        ),
    )


@router.patch("/settings", summary="Change settings; they hold after a restart")
def change(request: Request, body: NewSettings) -> SettingsView:
    running: Settings = request.app.state.settings
    from duomo.engine import check_settings  # imports torch

    settings_file.change(running.home, body.values, check_settings)
    return settings(request)


@router.post("/restart", status_code=202, summary="End the engine; its supervisor starts it again")
def restart(request: Request) -> None:
    again = request.app.state.restart
    if again is None:
        raise EngineUnavailable(
            "这个引擎不是 duomo 启动的，没有人会把它再启动起来。请手工重启。",
            "Nobody would start this engine again. Restart it by hand.",
        )
    again()


def _view(
    name: str,
    field: FieldInfo,
    running: Settings,
    coming: Settings,
    source: settings_file.Source,
) -> SettingView:
    zh, _, en = (field.description or "").partition("|")
    default = field.get_default(call_default_factory=True, validated_data={})
    editable = name not in settings_file.BY_HAND
    return SettingView(
        name=name,
        kind=settings_file.kind_of(field),
        value=settings_file.written(getattr(coming, name)),
        default=settings_file.written(default),
        source=source,
        editable=editable,
        pending=editable and getattr(coming, name) != getattr(running, name),
        optional=default is None,
        choices=_choices(name, field, coming),
        minimum=settings_file.bound_of(field, "ge", "gt"),
        maximum=settings_file.bound_of(field, "le", "lt"),
        description=Words(zh=zh, en=en or zh),
    )


def _choices(name: str, field: FieldInfo, settings: Settings) -> tuple[str, ...]:
    if name == "profile":
        return tuple(profiles_of(settings))
    return settings_file.choices_of(field)
