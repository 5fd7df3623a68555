"""The words of what most files never meet: preferences, reinforcement, images, and warnings. The others: faults.py."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.training_data.codes import Code

Text = str | Promise

OTHER_WORDS: dict[Code, tuple[Text, Text]] = {
    # preferences (DPO)
    Code.PREFERENCE_KEY_MISSING: (
        _("The preference (DPO) example lacks a key. Missing: %(key)s"),
        _("Give every line “input”, “preferred_output” and “non_preferred_output”."),
    ),
    Code.PREFERENCE_INPUT_INVALID: (
        _("“input” is not an object with messages."),
        _('Write it as "input": {"messages": [{"role": "user", "content": …}]}.'),
    ),
    Code.PREFERENCE_OUTPUT_INVALID: (
        _("The output is not exactly one assistant message. Key: %(key)s"),
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
    # images
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
}
