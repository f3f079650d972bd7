"""What can be shown of losses."""
