"""`sojourn drill`: end canary sessions, and measure when each verifier refuses them."""
