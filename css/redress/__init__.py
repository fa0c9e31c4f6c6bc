"""What a broken promise costs us, in the moment it is known: orders, repairs and billing seen together.

A room leaves a broken promise on the shelf and billing's one rule decides what it is worth; rooms never call each other. This
floor stands above them, so that whoever clears a fault or completes an order late has credited the account with it, in one
transaction. Every door uses these verbs. What comes to the shelf another way is taken by the night (``compensate``).
"""
