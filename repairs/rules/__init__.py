"""The decisions of repairs: pure, on values only."""
