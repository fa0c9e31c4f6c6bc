"""Reads of repairs, by subject: one fault, lists, the queue, tests, outages, engineers. Frozen rows out; none changes anything."""
