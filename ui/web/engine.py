"""The engine as the page sees it: one client for all sessions, pictures and sounds kept a while.

Browsers talk to the page's server alone; what they show is fetched here and handed on.
"""

import os

import streamlit as st

from api.client import Client
from api.system_schemas import About
from duomo.settings import load_settings


@st.cache_resource(show_spinner=False)
def engine() -> Client:
    return Client(os.environ.get("DUOMO_ENGINE_URL") or load_settings().base_url, patience=10.0)


@st.cache_data(show_spinner=False, ttl=60)
def about() -> About:
    return engine().about()


@st.cache_data(show_spinner=False, max_entries=512)
def thumbnail(sha256: str, size: int) -> bytes:
    """WebP, at most `size` pixels a side."""
    return engine().thumbnail(sha256, size)


@st.cache_data(show_spinner=False, max_entries=64)
def artifact(sha256: str) -> bytes:
    return engine().artifact(sha256)


@st.cache_data(show_spinner=False, max_entries=128)
def sample(file: str, size: int) -> bytes:
    """A picture of the sample gallery."""
    return engine().gallery_thumbnail(file, size)
