"""CSS: a telecom customer service system. Orders, repairs and billing in one integrated database.

This package holds both ends of the house. The cellar: pure words (``core``), the database (``db``), the nouns every
room shares (``master``), the audit trail and the shelves between rooms (``audit``, ``handover``). And the doors: the
command line (``cli``), operator screens (``web``), the partners' gateway (``partners``), the demonstration (``demo``)
and the benchmarks (``bench``). Customer care (``care``) is a working room, as are the packages ``orders``, ``repairs``
and ``billing`` beside this one; ``batch`` is the night shift. docs/architecture.md shows the whole.
"""
