"""For those who write rules: checks, tests, and a view of each rule."""
