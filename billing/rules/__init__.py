"""Billing's pure decisions: values or Polars frames in, values or frames out; no database, no files, no clock."""
