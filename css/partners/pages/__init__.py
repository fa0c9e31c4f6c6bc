"""The pages of the gateway over HTTP: ``doors`` is what they share, ``soap`` the same messages in envelopes.

A page that comes in is a module with ``routes(doors)``, and a line in ``css.partners.gateway.ROUTES``.
"""
