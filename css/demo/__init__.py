"""A synthetic district of any size: built by COPY, lived in through the same verbs and doors as everybody else's.

Only numbers and addresses reserved for fiction are used. The same size, days and seed give the same district, the same
calls and the same bills.
"""
