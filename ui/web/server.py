"""The page's server: Streamlit under our options, on loopback, with nothing loaded from outside."""

import tomllib
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from duomo.settings import Settings, load_settings
from ui.supervise import leave_with_parent
from ui.web.mishap import show_mishap
from ui.web.policy import Policy

HERE = Path(__file__).parent


def serve() -> None:
    """Run until SIGINT or SIGTERM."""
    settings = load_settings()
    leave_with_parent()
    app = st.App(
        HERE / "app.py",
        middleware=[Middleware(Policy, language=settings.locale)],
        on_script_error=show_mishap,
    )
    app.run(config={**theme(), **options(settings)})


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
