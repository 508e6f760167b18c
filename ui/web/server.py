"""The page's server: Streamlit under our options, on loopback, with nothing loaded from outside."""

import json
import socket
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit.web.bootstrap import load_config_options

from duomo.settings import Settings, load_settings
from models.errors import Locale
from ui.supervise import leave_with_parent
from ui.web import again, speech, thumbnails
from ui.web.bundle import Bundle
from ui.web.engine import engine
from ui.web.mishap import show_mishap
from ui.web.policy import Policy
from ui.web.presses import Presses
from ui.web.words import STRINGS, words

HERE = Path(__file__).parent
MESSAGE_BYTES = 200 * 2**20
"""Largest message over the websocket, Streamlit's own default."""
CHROME_PATH = "/duomo-chrome.js"


def serve() -> None:
    """Run until SIGINT or SIGTERM."""
    settings = load_settings()
    if leave_with_parent():
        again.watched.set()
    load_config_options({**theme(), **options(settings)})
    app = st.App(
        HERE / "entry" / "app.py",
        routes=[
            Route(CHROME_PATH, _chrome(settings.locale)),
            *thumbnails.routes(settings, engine()),
            *speech.routes(settings, engine()),
        ],
        middleware=[_policy(settings.locale), Middleware(Bundle), Middleware(Presses)],
        on_script_error=show_mishap,
    )
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run(sockets=[_listen(settings)])


def _listen(settings: Settings) -> socket.socket:
    """Our own socket, for its protocol: else asyncio leaves Nagle's algorithm on (40 ms a step)."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((settings.host, settings.ui_port))
    listening.listen(128)
    return listening


def _policy(locale: Locale) -> Middleware:
    return Middleware(Policy, language=locale, title=words()("app.title"), script=CHROME_PATH)


def _chrome(locale: Locale) -> Callable[[Request], Response]:
    """The script that puts Streamlit's own texts into the page's language, and mends its menu."""
    table = json.dumps(chrome_words(locale), ensure_ascii=False)
    chrome, phone = ((HERE / name).read_text("utf-8") for name in ("chrome.js", "phone.js"))
    script = f"{chrome.rstrip()}({table});\n{phone}"

    def answer(_request: Request) -> Response:
        return Response(script, media_type="text/javascript")

    return answer


def chrome_words(locale: Locale) -> dict[str, str]:
    """English text of Streamlit → ours; empty where the page is English."""
    path = STRINGS / f"chrome.{locale}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def options(settings: Settings) -> dict[str, Any]:
    """What must hold whatever a person's own Streamlit configuration says."""
    return {
        "server.address": settings.host,
        "server.port": settings.ui_port,
        "server.headless": True,
        "server.showEmailPrompt": False,
        "server.allowedHosts": sorted(settings.served_hosts),
        "server.maxUploadSize": max(1, settings.max_upload // 2**20),
        "server.fileWatcherType": "none",
        "server.enableStaticServing": False,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "runner.magicEnabled": False,
        "runner.postScriptGC": False,  # a whole collection after every look of every open tab
    }


def theme() -> dict[str, Any]:
    """`theme.toml` as Streamlit's dotted options."""
    return dict(_dotted(tomllib.loads((HERE / "theme.toml").read_text("utf-8"))))


def _dotted(table: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found = []
    for key, value in table.items():
        nested = isinstance(value, dict)
        found += _dotted(value, f"{prefix}{key}.") if nested else [(f"{prefix}{key}", value)]
    return found
