"""The operators' screens as a WSGI application, with the partners' gateway beside them."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import cast

from flask import Flask, Response, g, make_response, render_template
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.clock import Clock, SystemClock
from css.core.errors import CssError, Unavailable
from css.db.engine import bound_waits
from css.db.faults import fault_of
from css.db.prepared import prepare_statements
from css.master.clocks import HouseClock, house_clock
from css.partners.gateway import mount
from css.settings import Settings
from css.web import assets, guard
from css.web.desk import Office, http_status
from css.web.filters import FILTERS
from css.web.lock import covered, locking, over, stale
from css.web.routes import NO_PAGE, screens
from css.web.secret import secret_key

FORM_BYTES_MAX = 256 * 1024
"""The longest form is a few hundred words. Room for somebody's slip with the clipboard, so that it is told beside its field."""
FORM_PARTS_MAX = 100
NOT_OUTSIDE = frozenset({"CSS020E", "CSS021E", "CSS022E", "CSS023E"})
"""What is wrong with the database itself, told with its address, version or tables."""
LOCK_SECONDS = 8
"""How long a key waits for a record that somebody else is changing, before the operator is told so."""
STATEMENT_SECONDS = 30

_log = logging.getLogger(__name__)


def create_app(settings: Settings, engine: Engine | None = None, clock: Clock | None = None) -> Flask:
    """The application for one process. Without an engine it makes its own from the settings, at the first request.

    Error: CSS370E the key that signs cookies is too short.
    """
    app = Flask(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=secret_key(settings),
        SESSION_COOKIE_NAME="css_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=1),
        MAX_CONTENT_LENGTH=FORM_BYTES_MAX,
        MAX_FORM_MEMORY_SIZE=FORM_BYTES_MAX,
        MAX_FORM_PARTS=FORM_PARTS_MAX,
        WTF_CSRF_TIME_LIMIT=None,  # an operator's screen stays open all day; the sign-on's own end is the limit
        WTF_CSRF_SSL_STRICT=False,  # the referrer check breaks behind a proxy and adds nothing to the token
    )
    office = Office(settings, clock or SystemClock(), engine)
    office.clock = clock or house_clock(office.connect)
    app.extensions["css"] = office
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(FILTERS)
    assets.install(app)
    guard.install(app, guard.Closed(covered, over, stale))
    # In a demo the head line says which day it is: not the one on the wall.
    app.context_processor(lambda: {"is_lived": isinstance(office.clock, HouseClock) and office.clock.is_lived})
    app.register_blueprint(screens)
    app.register_blueprint(locking)
    app.register_error_handler(CssError, _said)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _ours)
    # Beside the screens, not among them: a partner's request meets none of the guards above.
    mount(app, office.connect, office.clock)
    return app


def warm_up(app: Flask) -> Flask:
    """Make what the first request would wait for: the engine, before there are threads to make it twice, and the templates.

    What is sent again and again from here on is planned once (``css.db.prepared``), and no key waits for ever.
    """
    engine = cast("Office", app.extensions["css"]).connect()
    prepare_statements(engine)
    bound_waits(engine, lock_seconds=LOCK_SECONDS, statement_seconds=STATEMENT_SECONDS)
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
    return app


def _said(error: CssError) -> Response:
    return _page(error, http_status(error))


def _database(error: DBAPIError) -> Response:
    named = fault_of(error)
    return _ours(error) if named is None else _page(named, http_status(named))


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    match status:
        case 404 | 405:
            named = CssError("CSS355E", NO_PAGE)
        case 413:
            named = CssError("CSS356E", "What was sent is longer than any screen of ours takes.")
        case _:
            named = CssError("CSS357E", "What the browser sent cannot be read ({reason}). Open the screen again.", reason=error.name)
    return _page(named, status)


def _ours(error: Exception) -> Response:
    """A fault of ours: nothing was kept, and the log has the rest."""
    _log.error("%s while serving a screen", type(error).__name__, exc_info=error)
    named = CssError(
        "CSS000E",
        "Something went wrong inside the program ({kind}); nothing of this was kept. The log of the server says where.",
        kind=type(error).__name__,
    )
    return _page(named, 500)


def _page(error: CssError, status: int) -> Response:
    if error.code in NOT_OUTSIDE:
        # Where the database listens is for whoever looks after the server, and not for a screen.
        _log.error("%s %s", error.code, error)
        error = Unavailable(error.code, "The database cannot be used now; nothing of this was kept. Tell whoever looks after the server.")
    return make_response(render_template("error.html", error=error, status=status, desk=g.get("desk")), status)
