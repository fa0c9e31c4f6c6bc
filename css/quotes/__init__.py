"""What an order would be and cost, told before it is placed: orders and billing seen together.

Rooms never import each other. This floor stands above both, so that the screen, ``css do quote-order`` and a partner's message
tell the same sum, made in one place.
"""
