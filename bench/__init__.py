"""What is measured, and against what. Each module runs by `python -m bench.<name>`."""
