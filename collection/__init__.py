"""Makes a table: samples configurations, trains them for real and logs their learning curves."""
