"""The door for machines: partners' messages in and the documents for them out.

``gateway`` is the HTTP side, served by ``front`` or beside the screens. Its ``pages`` give what comes to ``intake``, where a message
is stored whole before anything is done with it and then done through the same verbs as the screens (``messages`` says what each
is). ``outgoing`` is how far each partner's documents have gone out, ``bringing`` takes them to those who do not fetch, ``access`` says
who is calling and on what terms. ``desk`` is for operators, ``sandbox`` for partners who try things out; ``errors`` is every code
that a partner can be told, found in the source by ``finding``.

The outbox is a shelf (``css.handover``): the rooms fill it, this door only hands it out. Which of these may use which, the layers in
``pyproject.toml`` say.
"""
