"""The steps of the nets, by subject. Each is thin: which keys, which verb of which room, what was counted."""
