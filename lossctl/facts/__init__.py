"""What can be said of a problem, and what follows from what."""
