"""Reads of orders, by subject: one order, lists, entry, tasks, numbers, plant, money. Frozen rows out; none changes anything."""
