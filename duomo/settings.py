"""Every setting of Duomo, in one place.

A value comes from, first wins: the command line (keyword arguments here), the environment
(`DUOMO_PORT=9000`), `$DUOMO_HOME/duomo.toml` (`port = 9000`), the default below. Lists in the
environment are separated by commas, tables are written like `llm=4bit,vlm=none`, sizes like `2GiB`
or `512MB`.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import ByteSize, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from models.errors import InvalidRequest, Locale

TOML_NAME = "duomo.toml"
Packing = Literal["none", "8bit", "4bit", "fp8"]  # models/quantisation.py says what each does
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")


def default_home() -> Path:
    """`$DUOMO_HOME`, else the data directory of this user on this platform."""
    chosen = os.environ.get("DUOMO_HOME")
    return Path(chosen) if chosen else platformdirs.user_data_path("duomo", appauthor=False)


class Settings(BaseSettings):
    """Read with `load_settings()`, which turns mistakes into `InvalidRequest` with a remedy.

    The description of each field is what a person reads when its value is refused.
    """

    model_config = SettingsConfigDict(
        env_prefix="DUOMO_", extra="forbid", frozen=True, env_ignore_empty=True
    )

    home: Path = Field(
        default_factory=default_home,
        description="数据目录：图库、对话、作品、模型都在里面|the data directory",
    )
    profile: str = Field(
        default="starter",
        min_length=1,
        description="models/profiles.toml 里的方案名|a profile of models/profiles.toml",
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|cuda(:\d{1,2})?)$",
        description="auto、cpu、cuda 或 cuda:编号|auto, cpu, cuda or cuda:N",
    )
    budget: ByteSize | None = Field(
        default=None,
        gt=0,
        description="模型可用的内存或显存，如 2GiB；不写则按方案|memory for models, like 2GiB",
    )
    host_memory: ByteSize | None = Field(
        default=None,
        ge=0,
        description="用显卡时，暂时下卡的模型最多占多少内存，如 16GiB；不写则用一半内存"
        "|with a GPU: RAM for models off the card for now, like 16GiB; by default half of it",
    )
    idle_minutes: float = Field(
        default=30.0,
        ge=0,
        le=10_000,
        description="模型空闲多少分钟后让出内存或显存，0 为一直留着"
        "|minutes after which an unused model gives its memory back, 0 for never",
    )
    quantisation: Annotated[dict[Literal["llm", "vlm", "t2i", "edit"], Packing], NoDecode] = Field(
        default_factory=dict,
        description="按用途改权重位数，如 llm=4bit,t2i=none；可用 none、8bit、4bit，画图还有 fp8"
        "|bits of weights by role, like llm=4bit,t2i=none: none, 8bit, 4bit, for drawing also fp8",
    )
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="引擎监听的地址，默认只限本机|the address to listen on, loopback by default",
    )
    port: int = Field(
        default=8765, ge=0, le=65535, description="引擎端口，0 到 65535|engine port, 0 to 65535"
    )
    ui_port: int = Field(
        default=8501, ge=0, le=65535, description="界面端口，0 到 65535|UI port, 0 to 65535"
    )
    locale: Locale = Field(default="zh-CN", description="zh-CN 或 en|zh-CN or en")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="浏览器可用的主机名，不带端口，逗号分隔|host names browsers may use, no ports",
    )
    max_upload: ByteSize = Field(
        default=ByteSize(64 * 2**20),
        gt=0,
        le=200 * 2**20,
        description="单个文件上限，如 64MiB，最大 200MiB|largest upload, like 64MiB, up to 200MiB",
    )

    hub: Literal["auto", "huggingface", "modelscope"] = Field(
        default="auto",
        description="auto、huggingface 或 modelscope：从哪里下载模型，auto 依次尝试"
        "|auto, huggingface or modelscope: where checkpoints come from; auto tries one by one",
    )
    mirrors: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="连不上时依次改用的镜像，https://主机名，逗号分隔"
        "|mirrors of Hugging Face to try next, https://HOST, separated by commas",
    )

    visible_labels: bool = Field(
        default=False,
        description="true 或 false：导出和显示的生成内容是否带看得见、听得出的“AI生成”标识"
        "|true or false: whether made content is shown and saved with a mark people see or hear",
    )

    answer_cache: ByteSize = Field(
        default=ByteSize(32 * 2**20),
        ge=0,
        le=2**30,
        description="记住同样的问题的结果最多占多少硬盘，如 32MiB，0 为不记，最大 1GiB"
        "|disk for the results of questions asked before, like 32MiB; 0 for none, up to 1GiB",
    )
    llm_url: str = Field(
        default="",
        max_length=2000,
        description="OpenAI 兼容服务器的地址，如 http://127.0.0.1:8000/v1；不写就用本机的语言模型"
        "|an OpenAI-compatible server, like http://127.0.0.1:8000/v1; empty: the model right here",
    )
    llm_model: str = Field(
        default="",
        max_length=500,
        description="那台服务器上的模型名，有 llm_url 时必填"
        "|the model's name there; llm_url needs it",
    )
    llm_key: SecretStr | None = Field(
        default=None, description="那台服务器的密钥，没有就不写|its key, if it wants one"
    )
    llm_timeout: float = Field(
        default=120.0,
        ge=1,
        le=3600,
        description="那台服务器多少秒不出声就算断了，1 到 3600|seconds of silence it is given",
    )
    llm_temperature: float | None = Field(
        default=None,
        ge=0,
        le=2,
        description="那台服务器的采样温度，0 到 2；不写由它定|its temperature, by default its own",
    )

    max_new_tokens: int = Field(
        default=512,
        ge=16,
        le=8192,
        description="一次回答最多多少词元，16 到 8192|tokens of one answer, 16 to 8192",
    )
    max_steps: int = Field(
        default=8,
        ge=1,
        le=64,
        description="一轮里最多思考几次，1 到 64|model calls of one turn, 1 to 64",
    )

    ask_before: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="做之前先问一声的工具名，逗号分隔，如 generate_image,edit_image"
        "|tools that ask before they run, separated by commas, like generate_image,edit_image",
    )
    ask_above_count: int = Field(
        default=2,
        ge=0,
        le=1000,
        description="一步要做出多于几张时先问一声，0 到 1000|a step that makes more than this many "
        "pictures asks first, 0 to 1000",
    )

    @field_validator("home", mode="after")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("allowed_hosts", "mirrors", "ask_before", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("quantisation", mode="before")
    @classmethod
    def _by_role(cls, value: object) -> object:
        if isinstance(value, str):
            pairs = (part.partition("=") for part in value.split(",") if part.strip())
            return {role.strip(): scheme.strip() for role, _, scheme in pairs}
        return value

    @field_validator("allowed_hosts", mode="after")
    @classmethod
    def _names_only(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_HOST_NAME.fullmatch(name) for name in names):
            raise PydanticCustomError("hosts", "not a host name")
        return tuple(name.lower() for name in names)

    @model_validator(mode="after")
    def _open_only_on_purpose(self) -> "Settings":
        if not is_loopback(self.host) and not self.allowed_hosts:
            raise PydanticCustomError("exposed", "a host beyond loopback needs allowed_hosts")
        return self

    @field_validator("llm_url", mode="after")
    @classmethod
    def _address(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
            is_plain = parts.username is None and not parts.query and not parts.fragment
            _ = parts.port
        except ValueError:
            raise PydanticCustomError("address", "not an address") from None
        if url and not (is_address and is_plain):
            raise PydanticCustomError("address", "not an address")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _endpoint_is_whole(self) -> "Settings":
        if self.llm_url and not self.llm_model.strip():
            raise PydanticCustomError("no_model", "llm_url needs llm_model")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the signature is pydantic's)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        home = Path(init_settings().get("home") or default_home()).expanduser()
        file = TomlConfigSettingsSource(settings_cls, toml_file=home / TOML_NAME)
        return init_settings, env_settings, file

    @property
    def library_dir(self) -> Path:
        return self.home / "library"

    @property
    def artifacts_dir(self) -> Path:
        return self.home / "artifacts"

    @property
    def events_path(self) -> Path:
        return self.home / "events.db"

    @property
    def memory_path(self) -> Path:
        """What the agent remembers of each conversation."""
        return self.home / "memory.db"

    @property
    def answers_path(self) -> Path:
        """What deterministic tools have answered before; safe to delete."""
        return self.home / "answers.db"

    @property
    def base_url(self) -> str:
        """How this machine reaches the engine."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def served_hosts(self) -> frozenset[str]:
        """Names a `Host` header may carry: anything else is DNS rebinding."""
        return frozenset({*LOOPBACK_HOSTS, *self.allowed_hosts})

    @property
    def llm_host(self) -> str | None:
        """Who answers in place of the language model of this machine."""
        return urlsplit(self.llm_url).hostname if self.llm_url else None

    @property
    def llm_leaves(self) -> bool:
        """Whether what is said leaves this machine: the server is not on loopback."""
        return self.llm_host is not None and not is_loopback(self.llm_host)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings(**overrides: Any) -> Settings:
    """Settings of this process; `None` among the overrides means "not given".

    Raises InvalidRequest, which names the setting, what it takes and where to change it.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    home = Path(given.get("home") or default_home()).expanduser()
    try:
        return Settings(**given)
    except ValidationError as error:
        raise _refused(error, home / TOML_NAME) from error
    except SettingsError as error:
        raise _told(home / TOML_NAME, f"环境变量读不懂：{error}", f"{error}") from error
    except tomllib.TOMLDecodeError as error:
        told_zh, told_en = f"语法错误：{error}", f"syntax error: {error}"
        raise _told(home / TOML_NAME, told_zh, told_en) from error


def _refused(error: ValidationError, file: Path) -> InvalidRequest:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    wording = _WORDING.get(first["type"], _wrong_value)
    zh, en = wording(name, first.get("input"))
    return _told(file, zh, en)


def _told(file: Path, zh: str, en: str) -> InvalidRequest:
    return InvalidRequest(
        f"设置有误：{zh}。请修改环境变量或 {file}。",
        f"Bad setting: {en}. Change the environment variable or {file}.",
    )


def _wrong_value(name: str, value: object) -> tuple[str, str]:
    zh, _, en = (Settings.model_fields[name].description or "").partition("|")
    if name == "llm_key":  # never shown, not even a wrong one
        value = "***"
    return (
        f"{name} 的值 {value!r} 不能用，应为：{zh}",
        f"{name} cannot be {value!r}; it takes: {en}",
    )


def _unknown(name: str, _value: object) -> tuple[str, str]:
    known = "、".join(sorted(Settings.model_fields))
    return f"没有 {name} 这个设置，可用的有：{known}", f"there is no setting {name}"


def _exposed(_name: str, _value: object) -> tuple[str, str]:
    return (
        "host 不是本机地址时，必须同时写明 allowed_hosts（浏览器里用的主机名）",
        "a host beyond loopback needs allowed_hosts, the names browsers will use",
    )


def _no_model(_name: str, _value: object) -> tuple[str, str]:
    return (
        "写了 llm_url，还要写 llm_model（那台服务器上的模型名）",
        "llm_url needs llm_model, the name of the model there",
    )


_WORDING: dict[str, Callable[[str, object], tuple[str, str]]] = {
    "extra_forbidden": _unknown,
    "exposed": _exposed,
    "no_model": _no_model,
}
