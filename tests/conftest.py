"""Settings that all tests share."""

from hypothesis import settings

# The same examples in every run, so that a failure can be repeated; no deadline, since machines differ and are busy.
settings.register_profile("ringfence", deadline=None, derandomize=True)
settings.load_profile("ringfence")
