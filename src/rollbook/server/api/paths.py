"""What routes of several nouns share: the path of a project, and the size of a page."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from rollbook.catalog.paging import PAGE_LIMIT

PROJECT = "/projects/{entity}/{project}"

Limit = Annotated[int, Query(ge=1, le=PAGE_LIMIT, description="Most items of the page.")]
