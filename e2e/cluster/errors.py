"""The one error that the cluster harness shows to a person."""


class HarnessError(Exception):
    """Something a person must act on; the message is one line that says what to do."""
