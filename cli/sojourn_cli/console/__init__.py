"""`sojourn console`: the operator's pages, served to one browser on this machine."""
