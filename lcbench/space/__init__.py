"""Search spaces, the conditions in them, and configurations in the unit cube."""
