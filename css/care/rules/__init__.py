"""The decisions of customer care: values in, values out."""
