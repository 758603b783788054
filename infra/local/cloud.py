"""moto as the cloud, on loopback."""

import http.client
import logging
import socket
from threading import Thread
from typing import TYPE_CHECKING, Any

from infra.local.functions import REGION
from infra.local.ports import LOOPBACK

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer


class LocalCloud:
    """As moto's own threaded server, on a port that was taken before and is free again when it stops."""

    def __init__(self, listener: socket.socket) -> None:
        self._server = _server(listener)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="aws")

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.port}"

    def start(self) -> None:
        """Start empty: moto's state belongs to the process, and an earlier stack may have left some."""
        self._thread.start()
        connection = http.client.HTTPConnection(LOOPBACK, self._server.port)
        connection.request("POST", "/moto-api/reset")
        connection.getresponse().read()
        connection.close()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def client(self, service: str) -> Any:
        return client_at(self.url, service)


def client_at(url: str, service: str) -> Any:
    """A client of the cloud there, whatever the machine's own AWS settings are."""
    import boto3
    from botocore.config import Config

    return boto3.session.Session().client(
        service,  # type: ignore[call-overload]
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  # moto asks for none
        config=Config(proxies={}),
    )


def _server(listener: socket.socket) -> "BaseWSGIServer":
    # Imported here: moto takes a second, and a taken port should be told at once.
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    from infra.local.moto_dynamodb import mend_moto

    mend_moto()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would log a line per call
    application = DomainDispatcherApplication(create_backend_app)
    with listener:  # werkzeug works on a copy of it
        return make_server(
            LOOPBACK, 0, application, threaded=True, request_handler=MotoRequestHandler, fd=listener.fileno()
        )
