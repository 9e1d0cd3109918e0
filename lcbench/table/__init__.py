"""The table: its format, and how it is opened, checked, joined and written."""
