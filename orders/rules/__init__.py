"""The decisions of orders: pure, on values only."""
