"""The two kinds of errors that reconciliation knows: a person has to act, or it is worth another try.

Errors of client libraries become one of these where they arise; their messages never hold a credential.
"""


class ReconcileError(Exception):
    """`reason` is one CamelCase word for programs, `message` sentences for a person: what, why, what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class NeedsPerson(ReconcileError):
    """Trying again changes nothing until somebody changes the Tenant or its surroundings."""


class TryLater(ReconcileError):
    """The same step may succeed soon. `after_seconds`, where set, is what the server asked for."""

    def __init__(self, reason: str, message: str, after_seconds: float | None = None) -> None:
        super().__init__(reason, message)
        self.after_seconds = after_seconds
