"""The morning report: facts of a run, and their faces as text, as a page to print and as pictures for a screen."""
