"""What a pure function finds wrong with a spec that the schema could not refuse."""


class Refused(Exception):
    """The spec asks for something that must not be; `message` says what to write instead."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
