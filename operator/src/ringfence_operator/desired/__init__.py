"""What a tenant should have, as values: pure functions, no clients."""
