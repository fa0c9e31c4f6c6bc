"""The gateway over HTTP: partners post messages and fetch the documents in their outbox.

Whatever is not a document of the outbox is answered with an Acknowledgement, errors too, so a partner's program reads one
kind of answer. Who calls is proved on every request by a key in ``Authorization: Bearer ...`` or the client certificate of
its connection and by nothing else: no cookie is read or set. So nothing that guards the screens (sign-on, protection
against forged forms, the limit for forms) fits here, and ``mount`` puts the gateway beside an application rather than into it.

The pages themselves are in modules of their own, named in ``ROUTES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Flask, Response
from sqlalchemy import Engine

from css.core.clock import Clock
from css.partners.pages import asking, bill_files, fetching, posting, soap
from css.partners.pages.doors import NAME, Doors, Route, nothing_there
from css.partners.pages.rates import Rates
from css.partners.sandbox import doors as sandbox
from css.partners.sandbox import soap as sandbox_soap

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOUNT: Final = "/partner/"
PREFIX: Final = "/partner/v1"
ROUTES: Final[tuple[Callable[[Doors], Iterable[Route]], ...]] = (
    posting.routes,
    asking.routes,
    fetching.routes,
    bill_files.routes,
    soap.routes,
    sandbox.routes,
    sandbox_soap.routes,
)
"""What gives the pages, a line for each module that has some."""

_EVERY_METHOD: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

EngineGiver = Callable[[], Engine]


def mount(app: Flask, engine: Engine | EngineGiver, clock: Clock) -> None:
    """Serve the gateway under ``/partner/`` of an application's address; all else goes on to the application as before.

    None of the application's own hooks, handlers and limits see a partner's request, nor its sessions.

    Args:
        app: the application whose server takes the requests.
        engine: made after the fork that made this process, or what gives it at the first request.
        clock: tells when messages are received and handled.
    """
    gateway, others = create_application(engine, clock), app.wsgi_app

    def either(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        inner = gateway.wsgi_app if environ.get("PATH_INFO", "").startswith(MOUNT) else others
        return inner(environ, start_response)

    app.wsgi_app = either  # type: ignore[method-assign]  # Flask's own way of putting something round an application


def create_application(
    engine: Engine | EngineGiver, clock: Clock, *, at_once_max: int | None = None, rates: Rates | None = None, handles: bool = True
) -> Flask:
    """The gateway alone, as an application of its own.

    Args:
        engine: made after the fork that made this process, or what gives it at the first request.
        clock: tells when messages are received and handled.
        at_once_max: of one partner's requests in hand, instead of what its terms say.
        rates: where several processes share them; made before they were forked.
        handles: whether messages are handled before they are acknowledged; off where drainers run beside.
    """
    app = Flask("css.partners", static_folder=None, template_folder=None)
    doors = Doors(engine if callable(engine) else lambda: engine, clock, at_once_max, rates=rates, handles=handles)
    app.register_blueprint(_blueprint(doors))
    app.register_error_handler(Exception, doors.told)
    return app


def create_gateway(engine: Engine | EngineGiver, clock: Clock, *, at_once_max: int | None = None) -> Blueprint:
    """The gateway as a blueprint under ``/partner/v1``, for an application that exempts it from its own guards."""
    return _blueprint(Doors(engine if callable(engine) else lambda: engine, clock, at_once_max))


def _blueprint(doors: Doors) -> Blueprint:
    gateway = Blueprint(NAME, __name__, url_prefix=PREFIX)
    for routes in ROUTES:
        for route in routes(doors):
            gateway.add_url_rule(route.path, route.name, route.view, methods=list(route.methods))
    gateway.add_url_rule("/", "root", _nothing_here, methods=_EVERY_METHOD, provide_automatic_options=False)
    gateway.add_url_rule("/<path:_>", "nothing", _nothing_here, methods=_EVERY_METHOD, provide_automatic_options=False)
    gateway.register_error_handler(Exception, doors.told)
    return gateway


def _nothing_here(_: str = "") -> Response:
    """Any other address or method."""
    raise nothing_there()
