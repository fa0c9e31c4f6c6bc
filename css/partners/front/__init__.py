"""The front of the gateway's own server: what stands between a partner's socket and the pages.

One event loop a process holds every connection and reads each request whole, under limits and deadlines, before a thread or
the database is touched; so a connection that dawdles costs some kilobytes and nobody's turn. ``limits`` has the numbers,
``reading`` turns bytes into requests, ``secure`` is TLS, ``connection`` one client, ``server`` all of them, ``turns`` who is
served next, ``calling`` the way into the pages, ``processes`` the parent that keeps them running.
(Reasons: docs/decisions/0175.)
"""
