"""A partner's test area: every answer CSS can give, on demand, with nothing of the house touched.

``scenarios`` is the table of what can be played, ``orders`` plays it, ``area`` keeps the partner's side (numbers, outbox, what
is still to come), ``intake`` takes messages in, ``doors`` are the pages, ``soap`` the same in envelopes, ``page`` writes
``docs/sandbox.md`` from the table.
"""
