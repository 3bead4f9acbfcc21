"""What is true of realms, users and sessions, whoever asks: values and rules, no I/O."""
