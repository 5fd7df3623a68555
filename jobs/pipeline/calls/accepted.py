"""Settings that a chat model does not take: reasoning models refuse a temperature, and name the length otherwise.

Such a refusal makes no answer and bills nothing, so the same call is made again without the setting.
"""

from jobs.provider import Json, ProviderError

REFUSALS = ("unsupported_parameter", "unsupported_value")  # the codes of OpenAI's API, always with `param`


def adapted(body: Json, error: ProviderError) -> Json | None:
    """`body` without the setting that was refused. None where something else was."""
    if error.code not in REFUSALS or error.param not in body:
        return None
    rest = {name: value for name, value in body.items() if name != error.param}
    if error.param == "max_tokens":
        return rest | {"max_completion_tokens": body["max_tokens"]}
    return rest if error.param == "temperature" else None
