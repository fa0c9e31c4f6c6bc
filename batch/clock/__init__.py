"""The clock of the night: what is planned, what is due, what is late, and who starts it."""
