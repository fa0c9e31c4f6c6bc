"""Keeping the house in order: backups and their rehearsal, what is kept how long, and what is thrown away."""
