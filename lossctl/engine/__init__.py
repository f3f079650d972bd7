"""From blocks of rows to numbers: terms, exact sums, values."""
