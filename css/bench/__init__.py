"""How fast things go here: one module a question, each a ``css bench NAME`` command.

Everything is measured in a temporary server of its own, over a synthetic district, through the code that the night, the
screens and the partners run. Figures say something about one machine on one day, so each table names the machine and
its load; what can be compared between machines are the ratios, which are measured in one run.
"""
