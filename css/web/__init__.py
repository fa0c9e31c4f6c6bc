"""The door for people: operators' screens in a browser, worked by the keyboard as a 3270 was.

A screen is a record (``css.web.screen``), a template and a function (``css.web.screens``). Nothing here decides: a screen
reads a form into a command, hands it to the room's action inside one transaction, and shows the answer.
"""
