"""Messages in: ``inbox`` reads a message, stores it whole and acknowledges it; ``handling`` then does it through the same verbs as the
screens, in the order that ``sequencing`` keeps, behind the walls of ``guarded``; ``draining`` is that beside the gateway. ``story``
keeps what became of a message, ``acknowledging`` writes the technical answer.
"""
