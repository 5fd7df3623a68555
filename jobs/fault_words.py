"""The words of what most files never meet, and of warnings. The others: faults.py."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.training_data.codes import Code

Text = str | Promise

OTHER_WORDS: dict[Code, tuple[Text, Text]] = {
    # how the file was written
    Code.CR_LINE_ENDS: (
        _("The lines end in CR alone, as on an old Mac, so that they run into one."),
        _("Save the file with LF line ends (Unix), or use “Put it right” on the page of the file."),
    ),
    Code.BOM_INSIDE: (
        _("The line begins with a character that cannot be seen (BOM, zero width), as where two files were joined."),
        _("Delete the character before {, or use “Put it right” on the page of the file."),
    ),
    Code.PYTHON: (
        _("The line is written in Python, not in JSON. Found: %(near)s"),
        _("JSON has null, true and false, and double quotes. Write the file with json.dumps, not with print or str."),
    ),
    Code.ENCODED_TWICE: (
        _("The line is JSON within a text: it was encoded twice."),
        _("Write the object itself, without quotes around it, or use “Put it right” on the page of the file."),
    ),
    Code.RESPONSE_DUMP: (
        _("The line is a request or a response of the API, not an example."),
        _('Write the conversation and the answer as {"messages": […]}.'),
    ),
    Code.KEYS_WITHOUT_VALUE: (
        _("Keys without a value: %(keys)s"),
        _("Leave these keys out; services refuse null there. With the SDK: model_dump(exclude_none=True)."),
    ),
    # prompt and completion, and answers that are called good or bad
    Code.LEGACY_MESSAGES: (
        _("“prompt” and “completion” hold messages, not texts."),
        _('Write them as one chat: {"messages": [the messages of the prompt, then those of the completion]}.'),
    ),
    Code.LABELLED: (
        _("The answer is labelled as good or bad (KTO), which no service here takes. Key: %(key)s"),
        _("Leave out the lines with bad answers, then delete the key; or write pairs for preferences (DPO)."),
    ),
    # preferences (DPO)
    Code.PREFERENCE_OTHER_NAMES: (
        _("This is a preference pair (DPO) under other names: %(keys)s"),
        _(
            'Write {"input": {"messages": [what comes before the answers]}, '
            '"preferred_output": [the better answer], "non_preferred_output": [the worse answer]}.'
        ),
    ),
    Code.PREFERENCE_KEY_MISSING: (
        _("The preference (DPO) example lacks a key. Missing: %(key)s"),
        _("Give every line “input”, “preferred_output” and “non_preferred_output”."),
    ),
    Code.PREFERENCE_INPUT_INVALID: (
        _("“input” is not an object with messages."),
        _('Write it as "input": {"messages": [{"role": "user", "content": …}]}.'),
    ),
    Code.PREFERENCE_OUTPUT_INVALID: (
        _("The output is no assistant message. Key: %(key)s"),
        _('Write it as [{"role": "assistant", "content": …}].'),
    ),
    Code.PREFERENCE_IMAGE: (
        _("Preference (DPO) examples can hold text only, but there is an image. Key: %(key)s"),
        _("Take the image out, or delete the line."),
    ),
    # reinforcement (RFT)
    Code.LAST_NOT_USER: (
        _("The last message of a reinforcement (RFT) example is not the user's. Its role: %(role)s"),
        _("End with the question: the model answers, the grader judges. In a chat delete the keys beside “messages”."),
    ),
    Code.TOO_MANY_EXAMPLES: (
        _("Too many reinforcement (RFT) examples: %(examples)s. At most %(limit)s are allowed."),
        _("Split the file, and train on one part."),
    ),
    # tools
    Code.TOO_MANY_TOOLS: (
        _("Too many tools: %(tools)s. At most %(limit)s are allowed."),
        _("Leave out tools that no example calls."),
    ),
    Code.FUNCTION_NAME: (
        _("The name of a function is not allowed: %(name)s"),
        _("Use only a-z, A-Z, 0-9, _ and -, at most 64 characters, and the same name in tools and calls."),
    ),
    Code.CALL_UNANSWERED: (
        _("Message %(message)s calls a tool, but its answer does not follow. Call: %(call)s"),
        _(
            'Put {"role": "tool", "tool_call_id": …, "content": …} right behind it, one for each call. '
            "Only the last message may be a call without an answer."
        ),
    ),
    # images
    Code.IMAGE_URL_TEXT: (
        _("The image in part %(part)s of message %(message)s does not have the form that services read."),
        _('Write it as {"type": "image_url", "image_url": {"url": …}}.'),
    ),
    Code.IMAGE_BASE64: (
        _("The image in part %(part)s of message %(message)s is no valid base64."),
        _("Encode the whole image again, without line breaks; the service would leave it out silently."),
    ),
    Code.IMAGE_CUT: (
        _("The image in part %(part)s of message %(message)s is cut off: its end is missing. Kind: %(kind)s"),
        _("Encode the whole image again; the service would leave it out silently."),
    ),
    Code.TOO_MANY_IMAGE_EXAMPLES: (
        _("Too many examples with images: %(examples)s. At most %(limit)s are allowed."),
        _("Split the file, or take the images out of some examples."),
    ),
    Code.IMAGE_ADDRESS: (
        _("The image in part %(part)s of message %(message)s has no usable address. Found: %(near)s"),
        _("Write an address that begins with https://, or the image itself as data:image/png;base64,…"),
    ),
    Code.IMAGE_KIND: (
        _("Part %(part)s of message %(message)s is no JPEG, PNG or WEBP image. Found: %(kind)s"),
        _("Convert the image to JPEG, PNG or WEBP; the service would leave it out silently."),
    ),
    Code.IMAGE_DETAIL: (
        _("The detail of the image in part %(part)s of message %(message)s is unknown. Found: %(value)s"),
        _("Write “low”, “high” or “auto”, or leave it out."),
    ),
    # warnings
    Code.FEW_EXAMPLES: (
        _("Few examples: %(examples)s. With fewer than %(advised)s the effect is often small."),
        _("Add examples if you can; 50 to 100 good ones usually show an effect."),
    ),
    Code.LONG_EXAMPLES: (
        _("Examples longer than %(limit)s tokens: %(count)s. The service cuts off their end."),
        _("Shorten or split them."),
    ),
    Code.LAST_NOT_ASSISTANT: (
        _("Examples that do not end with an assistant message: %(count)s. What follows the last answer is not learnt."),
        _("End each example with the answer that the model should give."),
    ),
    Code.EMPTY_ANSWERS: (
        _("Examples with an empty assistant message: %(count)s."),
        _("Write the answer, or delete the example."),
    ),
    Code.SAME_ANSWERS: (
        _("Preferences whose two answers are the same: %(count)s. Nothing can be learnt from them."),
        _("Write a worse answer as the rejected one, or delete the example."),
    ),
    Code.GRADER_KEYS_DIFFER: (
        _("Examples with other keys beside “messages” than the first one: %(count)s. A grader would miss some."),
        _("Give every line the same keys."),
    ),
    Code.NO_GRADER_KEYS: (
        _("Questions alone, without answers: %(count)s. They can be used for reinforcement (RFT) only."),
        _(
            "Give every line what your grader reads, if it needs more than the answer. "
            "For supervised training write the wanted answer as the last message of each example."
        ),
    ),
    Code.ARGUMENTS_TWICE: (
        _("Examples whose call has its arguments encoded twice: %(count)s. The model learns to write them so."),
        _('Write them as "arguments": "{\\"key\\": 1}", without a second pair of quotes.'),
    ),
    Code.IMAGE_LABEL: (
        _("Examples with an image whose label is not what the image is: %(count)s. Some services refuse that."),
        _("Write image/jpeg, image/png or image/webp, as the image is; image/jpg is no media type."),
    ),
    Code.OUTPUT_OF_SEVERAL: (
        _("Preferences with an output of several messages: %(count)s. Azure takes them; OpenAI wants exactly one."),
        _("For a service other than Azure put all but the last message into “input”, or keep one answer."),
    ),
    Code.EXAMPLE_WEIGHT: (
        _("Examples with a weight of their own: %(count)s. Together takes it; other services refuse the key."),
        _("For a service other than Together delete the key “weight” beside “messages”."),
    ),
    Code.REASONING: (
        _("Examples with reasoning before the answer: %(count)s. Together and Fireworks take it; others refuse it."),
        _("For another service delete “reasoning” or “reasoning_content”."),
    ),
}
