"""Is everything as it was stored, and is the server safe to work with?"""

from __future__ import annotations

from starlette.responses import Response

from rollbook.app import doctor, verify
from rollbook.model.results import Check, Verification
from rollbook.model.wire import VerifyDocument
from rollbook.server.api.paths import PROJECT
from rollbook.server.routes import Call, Routes
from rollbook.server.streaming import answer_long

routes = Routes("verification")


@routes.add("POST", PROJECT + "/verify", needs="store.verify", takes=VerifyDocument, gives=Verification)
def verify_versions(call: Call) -> Response:
    """Check a version, or everything, byte by byte. With `Accept: application/x-ndjson` as a stream with progress."""
    asked: VerifyDocument = call.body
    return answer_long(
        call,
        lambda progress: verify.verify(
            call.register, asked.reference, call.project, progress=progress, local_files=False
        ),
    )


@routes.add("POST", "/doctor", needs="store.verify", gives=tuple[Check, ...])
def run_doctor(call: Call) -> Response:
    """Look at the server's data directory, database, disk and keys."""
    return answer_long(call, lambda _progress: doctor.doctor(call.register))
