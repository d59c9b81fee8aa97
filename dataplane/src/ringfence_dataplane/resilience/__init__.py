"""How calls to backends fail: circuit breakers, and retries that fit into a deadline."""
