"""What the service costs: CPU of each operation beside a floor, starts, memory, growth."""
