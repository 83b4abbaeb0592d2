"""The application: routes, errors and description put together over one open register."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from rollbook.model.release import __version__
from rollbook.server import elsewhere, faults, operating, pages
from rollbook.server.api import (
    aliases,
    collections,
    comparisons,
    events,
    history,
    lineage,
    people,
    projects,
    runs,
    search,
    signin,
    space,
    transfer,
    verification,
    versions,
)
from rollbook.server.gate import open_to_all
from rollbook.server.hardening import harden
from rollbook.server.observed import Observed
from rollbook.server.openapi import complete
from rollbook.server.routes import PREFIX, Routes
from rollbook.server.schema import components_of
from rollbook.server.state import State

NOUNS: tuple[Routes, ...] = (
    aliases.routes,
    collections.routes,
    comparisons.routes,
    events.routes,
    history.routes,
    lineage.routes,
    projects.routes,
    runs.routes,
    search.routes,
    people.routes,
    signin.routes,
    space.routes,
    verification.routes,
    transfer.routes,
    versions.routes,
)
TITLE = "Rollbook"


class Application(FastAPI):
    """The routes, behind what every request passes first."""

    def build_middleware_stack(self) -> ASGIApp:
        """The routes and their errors, hardened and observed: outside of everything, so that no answer escapes it."""
        state: State = self.state.rollbook
        return Observed(harden(super().build_middleware_stack(), state.settings), state, _templates(self.routes))


def create_application(state: State) -> FastAPI:
    """The ASGI application over an open register."""
    # A path is what it says: no redirect makes another one of it, and the description is a route like any other.
    application = Application(
        title=TITLE, version=__version__, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    application.state.rollbook = state
    application.router.add_route(f"{PREFIX}/openapi.json", open_to_all(_description), include_in_schema=False)
    for router in _routers():
        application.include_router(router)
    faults.install(application)
    application.openapi = lambda: describe(application)  # type: ignore[method-assign]
    return application


def _routers() -> list[APIRouter]:
    return [*(noun.router for noun in NOUNS), operating.router, pages.router, elsewhere.router]


def _templates(own: list[BaseRoute]) -> dict[object, str]:
    """How the path of each endpoint was declared."""
    found = (*own, *(route for router in _routers() for route in router.routes))
    return {route.endpoint: route.path for route in found if isinstance(route, Route)}


async def _description(request: Request) -> Response:
    return JSONResponse(request.app.openapi())


def describe(application: FastAPI) -> dict[str, Any]:
    """The API's description (OpenAPI), with the schemas of all documents."""
    if application.openapi_schema is None:
        described = get_openapi(title=TITLE, version=__version__, routes=application.routes)
        schemas = described.setdefault("components", {}).setdefault("schemas", {})
        schemas |= components_of(kind for noun in NOUNS for kind in noun.kinds)
        application.openapi_schema = complete(described)
    return application.openapi_schema
