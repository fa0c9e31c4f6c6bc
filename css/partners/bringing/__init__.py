"""Documents brought to partners who do not fetch them, pushed to their servers (``delivering``, ``pushing``) or put into drop folders.

``folders`` is the round over the folders: messages are taken out of them (``folder_taking``) and documents put in (``folder_bringing``).
"""
