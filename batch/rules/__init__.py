"""The night's rules: values in, values out."""
