"""The door for machines: partners' messages in and the documents for them out.

``gateway`` is the HTTP side, ``doors`` what its pages share, ``posting`` and ``fetching`` two of them; ``inbox`` stores a
message whole before anything is done with it and ``handling`` then does it through the same verbs as the screens;
``acknowledging`` writes the technical answer; ``keys`` says who is calling. The outbox is a shelf (``css.handover``): the
rooms fill it, this door only hands it out.
"""
