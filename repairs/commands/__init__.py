"""What can be asked of repairs, and what comes back, by subject: the same records from a screen, a partner's XML and a script."""
