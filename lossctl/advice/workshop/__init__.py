"""For authors of rules: checks, tests, and a page for each rule."""
