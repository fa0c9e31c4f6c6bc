"""What operators see of the messages both ways, and what they can do about them."""
