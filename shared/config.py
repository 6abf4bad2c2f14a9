"""Settings: one class a process, read from BRUM_* variables; `.env.example` tells them to people.

A variable may stand in `.env` too, and any of them may name a file that holds the value instead:
BRUM_SECRET_FILE=/run/secrets/brum is read in place of BRUM_SECRET.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65_535)]


class _Files(PydanticBaseSettingsSource):
    """Values that lie in files, as container platforms hand out secrets: NAME_FILE is the path."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Read the file that NAME_FILE names, without the line break at its end."""
        variable = name_of(field_name, field)
        file = {**dotenv_values(".env"), **os.environ}.get(f"{variable}_FILE")
        return (Path(file).read_text(encoding="utf-8").rstrip("\r\n") if file else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every value that lies in a file."""
        found = {}
        for field_name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, field_name)
            if value is not None:
                found[key] = value
        return found


def name_of(field_name: str, field: FieldInfo) -> str:
    """Name of the variable that holds a setting."""
    return str(field.validation_alias or f"BRUM_{field_name}").upper()


class Settings(BaseSettings):
    """What is common to them all."""

    model_config = SettingsConfigDict(
        env_prefix="BRUM_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    env: Literal["development", "production"] = "development"
    """`development` trusts the tokens that `brum token` signs; `production` never does."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least urgent log lines that are written."""
    revision: str = "unknown"
    """The commit that runs, as `build_info` of `/metrics` tells it; the image is built with it."""
    partitions: Annotated[int, Field(ge=1, le=1024)] = 24
    """Partitions of each command and fact topic, so the most replicas of a service; fixed once live."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - `_Files` does that better
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put what the caller says first, then the environment, then `.env`, then files."""
        return init_settings, env_settings, dotenv_settings, _Files(settings_cls)


class _Process(Settings):
    """One of the processes that `brum serve` runs."""

    kafka: str
    """Kafka's bootstrap servers, `host:port[,host:port]`."""
    secret: Annotated[SecretStr, Field(min_length=32)]
    """Root of the keys that sign operation ids and let processes know each other; 32 letters at least."""
    internal_host: str = "127.0.0.1"
    """Where a process listens for the others, for probes and for Prometheus."""
    internal_port: Port = 0
    """Its port there; 0 takes any free one and logs it."""


class _Service(_Process):
    """A service with a database of its own."""

    mongo: Annotated[str, Field(repr=False)]
    """A MongoDB replica set or mongos, `mongodb://…`; each service has its own database there."""


class Events(_Service):
    """The events service."""


class Pledges(_Service):
    """The pledges service."""

    events_url: str = "http://127.0.0.1:8101"
    """Internal address of the events service."""


class Notifications(_Service):
    """The notifications service."""

    events_url: str = "http://127.0.0.1:8101"
    """Internal address of the events service."""
    pledges_url: str = "http://127.0.0.1:8102"
    """Internal address of the pledges service."""


class Data(Settings):
    """Where things lie on this machine."""

    data: Path = Path(".brum")
    """What belongs to this instance: the embedded parts' data, logs, generated keys."""


class Gateway(_Process, Data):
    """The gateway."""

    redis: Annotated[str, Field(repr=False)]
    """Redis, or its Sentinels' primary, `redis://…`."""
    host: str = "127.0.0.1"
    """Where the public listens; `0.0.0.0` for every interface."""
    port: Annotated[Port, Field(validation_alias="PORT")] = 8000
    """The public port."""
    events_url: str = "http://127.0.0.1:8101"
    """Internal address of the events service."""
    pledges_url: str = "http://127.0.0.1:8102"
    """Internal address of the pledges service."""
    notifications_url: str = "http://127.0.0.1:8103"
    """Internal address of the notifications service."""
    oidc_issuer: str = ""
    """Issuer of the bearer tokens of organisers, partners and operators; none is trusted if empty."""
    oidc_audience: str = "brumtogether"
    """The audience that those tokens must name."""
    oidc_jwks_url: str = ""
    """Where the issuer's keys are; needed with an issuer."""


class Platform(Data):
    """What `brum up` and the other commands of this machine need to know."""

    kafka: str = ""
    """A broker that runs elsewhere; empty starts the embedded one."""
    mongo: Annotated[str, Field(repr=False)] = ""
    """A replica set that runs elsewhere; empty starts the embedded one."""
    redis: Annotated[str, Field(repr=False)] = ""
    """A Redis that runs elsewhere; empty starts the embedded one."""
    secret: SecretStr | None = None
    """The root secret; made and kept in BRUM_DATA if there is none."""
    embedded: Literal["auto", "package"] = "auto"
    """`package` passes over `mongod` and `redis-server` on PATH and uses those in our Python packages."""
    cache: Path | None = None
    """Where the jars of Kafka are kept for all checkouts of a user; `~/.cache/brumtogether` if empty."""
    host: str = "127.0.0.1"
    """Where the public listens."""
    port: Annotated[Port, Field(validation_alias="PORT")] = 8000
    """The public port."""


PROCESSES: dict[str, type[Settings]] = {
    "events": Events,
    "pledges": Pledges,
    "notifications": Notifications,
    "gateway": Gateway,
}
