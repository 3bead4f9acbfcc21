"""What the commands show at the terminal, and what they ask there."""
