"""`serve`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollbook.cli import output
from rollbook.cli.call import Call

if TYPE_CHECKING:
    from rollbook.server.listening import Listening


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on; default 127.0.0.1.")
    ] = None,
    port: Annotated[int | None, typer.Option(metavar="N", help="Port; default 8765; 0 takes a free one.")] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificate and its chain (PEM).", show_default=False)
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Its key (PEM).", show_default=False)] = None,
    behind_proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Proxy in front that ends TLS and is believed; repeatable."),
    ] = None,
    i_understand_insecure: Annotated[
        bool, typer.Option("--i-understand-insecure", help="Listen beyond this machine in plain text.")
    ] = False,
    enable_failpoints: Annotated[bool, typer.Option("--enable-failpoints", hidden=True)] = False,
) -> None:
    """Serve the data directory to a team, until stopped.

    Programs on this machine may go on using the directory directly. Only this machine reaches the server, unless
    --host says otherwise; then it needs TLS, or a proxy that ends TLS.
    """
    from rollbook.model.extras import needs_extra
    from rollbook.sdk.settings import resolve as resolve_directory

    call = Call.of(context)
    with needs_extra("server"):
        from rollbook.server import settings
        from rollbook.server.serve import serve as run
    told = settings.resolve(
        resolve_directory(call.data_dir).data_dir,
        host=host,
        port=port,
        tls_cert=tls_cert,
        tls_key=tls_key,
        proxies=tuple(behind_proxy) if behind_proxy else None,
        insecure=i_understand_insecure,
        enable_failpoints=enable_failpoints,
    )
    run(told, lambda listening, token: _announce(call, listening, token))


def _announce(call: Call, listening: Listening, token: str) -> None:
    from rollbook.cli import documents

    if token:
        sys.stderr.write(
            f"first administrator: open {listening.address} and use this token, once, in 30 minutes\n{token}\n"
        )
    call.answer(
        documents.to_plain(listening),
        lambda: [f"serving {listening.data_dir} at {listening.address}", "stop with Ctrl-C"],
    )
    output.flush()
