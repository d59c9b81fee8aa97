"""What every request passes before it reaches a route; `ringfence_dataplane.app` has the order."""
