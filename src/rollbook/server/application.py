"""The application: routes, errors and description put together over one open register."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from rollbook.model.release import __version__
from rollbook.server import faults
from rollbook.server.api import versions
from rollbook.server.routes import PREFIX, Routes
from rollbook.server.schema import components_of
from rollbook.server.state import State

NOUNS: tuple[Routes, ...] = (versions.routes,)
TITLE = "Rollbook"


def create_application(state: State) -> FastAPI:
    """The ASGI application over an open register."""
    application = FastAPI(
        title=TITLE, version=__version__, openapi_url=f"{PREFIX}/openapi.json", docs_url=None, redoc_url=None
    )
    application.state.rollbook = state
    for noun in NOUNS:
        application.include_router(noun.router)
    faults.install(application)
    application.openapi = lambda: describe(application)  # type: ignore[method-assign]
    return application


def describe(application: FastAPI) -> dict[str, Any]:
    """The API's description (OpenAPI), with the schemas of all documents."""
    if application.openapi_schema is None:
        described = get_openapi(title=TITLE, version=__version__, routes=application.routes)
        schemas = described.setdefault("components", {}).setdefault("schemas", {})
        schemas |= components_of(kind for noun in NOUNS for kind in noun.kinds)
        application.openapi_schema = described
    return application.openapi_schema
