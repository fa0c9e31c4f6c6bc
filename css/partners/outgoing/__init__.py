"""What goes out to partners, whichever way: the outbox as they fetch it, how far each has been given it, what is given again."""
