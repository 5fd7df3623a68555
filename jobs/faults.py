"""What each fault and warning of a training file means to a person, and what to do about it."""

from django.utils.translation import gettext_lazy as _

from jobs import table_faults
from jobs.fault_words import OTHER_WORDS, Text
from jobs.training_data.codes import Code
from jobs.training_data.report import Fault

WORDS: dict[Code, tuple[Text, Text]] = {
    # the file as a whole
    Code.BYTES_MISSING: (
        _("The bytes of this file are missing on the server."),
        _("Upload the file again; if it happens again, tell whoever runs this portal."),
    ),
    Code.EMPTY_FILE: (_("The file is empty."), _("Choose the file again; perhaps saving it went wrong.")),
    Code.NOT_TEXT: (
        _("This is not a text file, whatever its name says. Kind: %(kind)s"),
        _("Export the data as JSON Lines (.jsonl), UTF-8."),
    ),
    Code.UTF16: (_("The file is encoded as UTF-16."), _("Save it as UTF-8 without BOM and upload it again.")),
    Code.BOM: (
        _("The file begins with an invisible byte order mark (BOM)."),
        _("Save it as “UTF-8”, not as “UTF-8 with BOM”."),
    ),
    Code.JSON_ARRAY: (
        _("The file is one JSON array; JSON Lines wants one object per line."),
        _("Put each element on a line of its own, without the outer [ ] and the commas between."),
    ),
    Code.SPREAD_OVER_LINES: (
        _("One JSON object is spread over several lines; JSON Lines wants one object per line."),
        _("Write each example on one line, without indentation."),
    ),
    Code.NO_EXAMPLES: (_("There is no example in the file."), _("Write one example per line.")),
    Code.TOO_FEW_EXAMPLES: (
        _("Too few examples: %(examples)s. At least %(minimum)s are needed."),
        _("Add examples. From 50 on an effect usually shows."),
    ),
    Code.TOO_MANY_FAULTS: (
        _("Checking stopped here after %(limit)s faults."),
        _("Mend the faults above first; the same one often repeats."),
    ),
    Code.CHECK_STOPPED: (
        _("The check was stopped before its end, so nothing is known of this file."),
        _("Press “Check again” when you want to use the file."),
    ),
    # a line as text and as JSON
    Code.LINE_TOO_LONG: (
        _("The line is longer than %(limit)s MB."),
        _("Split the example, give large images by their address, or look for lost line breaks between examples."),
    ),
    Code.EMPTY_LINE: (_("The line is empty."), _("Delete the line.")),
    Code.CP949: (
        _("The text is encoded as CP949 (EUC-KR), not as UTF-8."),
        _("Open it with the Korean encoding, save it as UTF-8 and upload it again."),
    ),
    Code.NOT_UTF8: (_("The text is not valid UTF-8."), _("Save the file as UTF-8.")),
    Code.NUL: (
        _("There is a NUL character in the text."),
        _("Delete the character; it cannot be seen in most editors."),
    ),
    Code.INCOMPLETE_FILE: (
        _("The file ends in the middle of this line."),
        _("The file was cut off: copy or export it again, whole."),
    ),
    Code.BROKEN_LINE: (
        _("The line ends before its JSON object does."),
        _("Write line breaks inside a text as \\n, and close every quote and brace."),
    ),
    Code.NOT_JSON: (
        _("The line is not a JSON object. It begins with: %(near)s"),
        _("Every line must begin with { and end with }."),
    ),
    Code.INVALID_JSON: (
        _("The line is not valid JSON near: %(near)s"),
        _("Look for a missing quote, comma, colon or brace there."),
    ),
    Code.TRAILING_COMMA: (_("There is a comma too many before a closing brace or bracket."), _("Delete the comma.")),
    Code.SINGLE_QUOTES: (
        _("JSON wants straight double quotes. Found: %(near)s"),
        _('Replace the quotes around keys and texts by ", or write the file with a JSON library.'),
    ),
    Code.CONTROL_CHARACTER: (
        _("There is a raw tab or another control character inside a text."),
        _("Write it as \\t or \\n, or delete it."),
    ),
    Code.EXTRA_DATA: (
        _("Something follows after the JSON object. Found: %(near)s"),
        _("Put each example on a line of its own, without commas between lines."),
    ),
    Code.NOT_A_NUMBER: (
        _("NaN and Infinity are not JSON. Found: %(near)s"),
        _("Replace the value by a number or a text, or delete the key."),
    ),
    Code.NUMBER_TOO_LARGE: (
        _("A number is too large. Found: %(near)s"),
        _("Write it as a text in quotes, or delete the key."),
    ),
    Code.LONE_SURROGATE: (
        _("There is half a character (a lone surrogate) in the text. Found: %(near)s"),
        _("An emoji was probably cut in two: write it again or delete the rest."),
    ),
    Code.TOO_DEEP: (
        _("Brackets are nested more than %(limit)s deep."),
        _("Check the line; an example needs only a few levels."),
    ),
    Code.DUPLICATE_KEY: (
        _("A key stands twice in the same object. Key: %(key)s"),
        _("Delete one of the two; otherwise one would be lost silently."),
    ),
    Code.NOT_OBJECT: (
        _("The line holds no JSON object. Found: %(kind)s"),
        _('Write the example as {"messages": […]}.'),
    ),
    # what kind of example it is
    Code.UNKNOWN_FORMAT: (
        _("The line is an example of no known format. Keys: %(keys)s"),
        _('Write {"messages": […]} (chat) or {"input": …, "preferred_output": …, "non_preferred_output": …} (DPO).'),
    ),
    Code.MIXED_FORMATS: (
        _("Formats are mixed. This line: %(found)s; the file since line %(first)s: %(expected)s"),
        _("Keep one format in a file; put the others into a file of their own."),
    ),
    Code.KEY_MISSPELT: (
        _("Unknown key: %(key)s. Probably meant: %(suggestion)s"),
        _("Correct the spelling of the key."),
    ),
    Code.KEY_UNKNOWN: (
        _("Unknown key: %(key)s"),
        _("Delete the key; the service refuses what it does not know."),
    ),
    # prompt and completion
    Code.LEGACY_KEY_MISSING: (_("Missing key: %(key)s"), _("Give every line both “prompt” and “completion”.")),
    Code.LEGACY_NOT_TEXT: (_("The value is not a text. Key: %(key)s"), _("Write the value in double quotes.")),
    Code.LEGACY_EMPTY: (_("The completion is empty."), _("Write what the model should answer, or delete the line.")),
    # chat: the example
    Code.MESSAGES_NOT_LIST: (
        _("“messages” is not a list."),
        _('Write {"messages": [{"role": …, "content": …}, …]}.'),
    ),
    Code.MESSAGES_EMPTY: (_("“messages” is empty."), _("Add a user and an assistant message, or delete the line.")),
    Code.NO_ASSISTANT: (
        _("There is no assistant message, so there is nothing to learn."),
        _("Add the answer that the model should give, with the role “assistant”."),
    ),
    Code.NOTHING_TO_TRAIN: (
        _("Every assistant message has weight 0, so there is nothing to learn."),
        _("Give at least one assistant message weight 1, or leave the weight out."),
    ),
    Code.TOOLS_INVALID: (
        _("“tools” is not a list of functions with a name and parameters."),
        _('Write each tool as {"type": "function", "function": {"name": …, "parameters": {…}}}.'),
    ),
    Code.FUNCTIONS_INVALID: (
        _("“functions” is not a list of 1 to %(limit)s functions with a name."),
        _('Write each function as {"name": …, "parameters": {…}}, or use “tools”.'),
    ),
    Code.PARALLEL_NOT_BOOL: (
        _("“parallel_tool_calls” is neither true nor false."),
        _("Write true or false without quotes."),
    ),
    Code.TOO_MANY_IMAGES: (
        _("Too many images: %(images)s. At most %(limit)s are allowed in one example."),
        _("Delete images or split the example."),
    ),
    # chat: a message
    Code.MESSAGE_NOT_OBJECT: (
        _("Message %(message)s is not an object."),
        _('Write it as {"role": …, "content": …}.'),
    ),
    Code.ROLE_MISSING: (
        _("Message %(message)s has no role."),
        _('Add "role": "system", "user" or "assistant".'),
    ),
    Code.ROLE_MISSPELT: (
        _("Message %(message)s has an unknown role: %(role)s. Probably meant: %(suggestion)s"),
        _("Correct the spelling of the role."),
    ),
    Code.ROLE_UNKNOWN: (
        _("Message %(message)s has an unknown role: %(role)s"),
        _("Use system, user, assistant or tool."),
    ),
    Code.MESSAGE_KEY_MISSPELT: (
        _("Message %(message)s has an unknown key: %(key)s. Probably meant: %(suggestion)s"),
        _("Correct the spelling of the key."),
    ),
    Code.MESSAGE_KEY_UNKNOWN: (
        _("Message %(message)s has an unknown key: %(key)s"),
        _("Delete the key; the service refuses what it does not know."),
    ),
    Code.CONTENT_MISSING: (
        _("Message %(message)s has no content."),
        _("Write its text in “content”. Only an assistant message with tool calls may go without."),
    ),
    Code.CONTENT_EMPTY: (_("The content of message %(message)s is an empty list."), _("Write its text in “content”.")),
    Code.CONTENT_TYPE: (
        _("The content of message %(message)s is neither a text nor a list of parts."),
        _("Write the content in double quotes."),
    ),
    Code.PART_INVALID: (
        _("Part %(part)s of message %(message)s is incomplete."),
        _('Write it as {"type": "text", "text": …}.'),
    ),
    Code.PART_TYPE_UNKNOWN: (
        _("Part %(part)s of message %(message)s has an unknown type: %(kind)s"),
        _("Use “text” or “image_url”; sound and files cannot be trained on."),
    ),
    Code.IMAGE_NOT_ALLOWED: (
        _("Message %(message)s holds an image. Its role: %(role)s"),
        _("Put images into user messages only."),
    ),
    Code.NAME_INVALID: (
        _("The name in message %(message)s is missing or not a text."),
        _("Write a name in double quotes."),
    ),
    Code.WEIGHT_VALUE: (
        _("The weight of message %(message)s is neither 0 nor 1. Found: %(value)s"),
        _("Write 0 or 1, as a number without quotes."),
    ),
    Code.WEIGHT_ROLE: (
        _("Message %(message)s has a weight, but only assistant messages may. Its role: %(role)s"),
        _("Delete the weight."),
    ),
    Code.TOOL_CALLS_ROLE: (
        _("Message %(message)s calls a tool, but only assistant messages may. Its role: %(role)s"),
        _("Move the call to an assistant message."),
    ),
    Code.TOOL_CALL_INVALID: (
        _("A tool call in message %(message)s is incomplete."),
        _('Write each call as {"id": …, "type": "function", "function": {"name": …, "arguments": "{…}"}}.'),
    ),
    Code.ARGUMENTS_NOT_TEXT: (
        _("The arguments of a call in message %(message)s are not a text. Function: %(name)s"),
        _('Write the arguments as JSON inside a string: "arguments": "{\\"key\\": 1}".'),
    ),
    Code.ARGUMENTS_NOT_JSON: (
        _("The arguments of a call in message %(message)s are not a JSON object. Function: %(name)s"),
        _('Write the arguments as JSON inside a string: "arguments": "{\\"key\\": 1}".'),
    ),
    Code.TOOL_CALL_ID_MISSING: (
        _("Message %(message)s is a tool's answer without tool_call_id."),
        _("Add the id of the call that it answers."),
    ),
    Code.TOOL_CALL_ID_UNKNOWN: (
        _("Message %(message)s answers a call that was not made before. Its tool_call_id: %(call)s"),
        _("Use the id of a tool call in an earlier assistant message."),
    ),
    **table_faults.WORDS,
    **OTHER_WORDS,
}
KINDS: dict[str | int, Text] = {
    "chat": _("chat"),
    "legacy": _("prompt and completion"),
    "preference": _("preferences (DPO)"),
    "reinforcement": _("reinforcement (RFT)"),
    "binary": _("binary data"),
    "array": _("a list"),
    "string": _("a text"),
    "number": _("a number"),
}


def explain(fault: Fault) -> tuple[str, str]:
    """What is wrong and how to mend it, in the language of the day. The line is not in it: it has its own column."""
    message, remedy = WORDS[Code(fault.code)]
    params = {
        key: KINDS.get(value, value) if key in ("kind", "found", "expected") else value
        for key, value in fault.params.items()
    }
    holder = params.get("message")
    if isinstance(holder, str):  # a message of an output: `preferred_output 2`, or `preferred_output` where it is alone
        key, _space, number = holder.partition(" ")
        return f"{str(message) % {**params, 'message': number or 1}} ({key})", str(remedy) % params
    return str(message) % params, str(remedy) % params
