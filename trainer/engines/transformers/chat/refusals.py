"""Why a question gets no answer, as the chat process reports it: a code that the API turns into a status."""


class RefusalError(Exception):
    """`code`: rate_limit, invalid_request, context_length_exceeded, no_chat_template, no_weights, invalid_model,
    out_of_memory or server_error; `message` is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message
