"""Architecture search: cells of NAS-Bench-201's space, trained on small images."""
