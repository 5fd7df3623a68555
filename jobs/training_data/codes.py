"""Every fault and every warning a check can name. jobs/faults.py has the words and the remedy for each."""

from enum import StrEnum


class Code(StrEnum):
    """Why a file cannot be trained on as it is."""

    # the file as a whole
    BYTES_MISSING = "bytes_missing"
    EMPTY_FILE = "empty_file"
    NOT_TEXT = "not_text"
    UTF16 = "utf16"
    BOM = "bom"
    JSON_ARRAY = "json_array"
    SPREAD_OVER_LINES = "spread_over_lines"
    CR_LINE_ENDS = "cr_line_ends"
    NO_EXAMPLES = "no_examples"
    TOO_FEW_EXAMPLES = "too_few_examples"
    TOO_MANY_FAULTS = "too_many_faults"
    TOO_MANY_EXAMPLES = "too_many_examples"
    TOO_MANY_IMAGE_EXAMPLES = "too_many_image_examples"
    CHECK_STOPPED = "check_stopped"
    # a line as text and as JSON
    LINE_TOO_LONG = "line_too_long"
    EMPTY_LINE = "empty_line"
    CP949 = "cp949"
    NOT_UTF8 = "not_utf8"
    NUL = "nul"
    BOM_INSIDE = "bom_inside"
    INCOMPLETE_FILE = "incomplete_file"
    BROKEN_LINE = "broken_line"
    NOT_JSON = "not_json"
    INVALID_JSON = "invalid_json"
    TRAILING_COMMA = "trailing_comma"
    SINGLE_QUOTES = "single_quotes"
    PYTHON = "python"
    CONTROL_CHARACTER = "control_character"
    EXTRA_DATA = "extra_data"
    NOT_A_NUMBER = "not_a_number"
    NUMBER_TOO_LARGE = "number_too_large"
    LONE_SURROGATE = "lone_surrogate"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    NOT_OBJECT = "not_object"
    ENCODED_TWICE = "encoded_twice"
    # what kind of example it is
    UNKNOWN_FORMAT = "unknown_format"
    RESPONSE_DUMP = "response_dump"
    MIXED_FORMATS = "mixed_formats"
    KEY_MISSPELT = "key_misspelt"
    KEY_UNKNOWN = "key_unknown"
    KEYS_WITHOUT_VALUE = "keys_without_value"
    # prompt and completion
    LEGACY_KEY_MISSING = "legacy_key_missing"
    LEGACY_NOT_TEXT = "legacy_not_text"
    LEGACY_EMPTY = "legacy_empty"
    LEGACY_MESSAGES = "legacy_messages"
    LABELLED = "labelled"
    # preferences (DPO)
    PREFERENCE_OTHER_NAMES = "preference_other_names"
    PREFERENCE_KEY_MISSING = "preference_key_missing"
    PREFERENCE_INPUT_INVALID = "preference_input_invalid"
    PREFERENCE_OUTPUT_INVALID = "preference_output_invalid"
    PREFERENCE_IMAGE = "preference_image"
    # reinforcement (RFT)
    LAST_NOT_USER = "last_not_user"
    # chat: the example
    MESSAGES_NOT_LIST = "messages_not_list"
    MESSAGES_EMPTY = "messages_empty"
    NO_ASSISTANT = "no_assistant"
    NOTHING_TO_TRAIN = "nothing_to_train"
    TOOLS_INVALID = "tools_invalid"
    FUNCTIONS_INVALID = "functions_invalid"
    TOO_MANY_TOOLS = "too_many_tools"
    FUNCTION_NAME = "function_name"
    PARALLEL_NOT_BOOL = "parallel_not_bool"
    TOO_MANY_IMAGES = "too_many_images"
    # chat: a message
    MESSAGE_NOT_OBJECT = "message_not_object"
    ROLE_MISSING = "role_missing"
    ROLE_MISSPELT = "role_misspelt"
    ROLE_UNKNOWN = "role_unknown"
    MESSAGE_KEY_MISSPELT = "message_key_misspelt"
    MESSAGE_KEY_UNKNOWN = "message_key_unknown"
    CONTENT_MISSING = "content_missing"
    CONTENT_EMPTY = "content_empty"
    CONTENT_TYPE = "content_type"
    PART_INVALID = "part_invalid"
    PART_TYPE_UNKNOWN = "part_type_unknown"
    IMAGE_NOT_ALLOWED = "image_not_allowed"
    IMAGE_URL_TEXT = "image_url_text"
    IMAGE_ADDRESS = "image_address"
    IMAGE_KIND = "image_kind"
    IMAGE_BASE64 = "image_base64"
    IMAGE_CUT = "image_cut"
    IMAGE_DETAIL = "image_detail"
    NAME_INVALID = "name_invalid"
    WEIGHT_VALUE = "weight_value"
    WEIGHT_ROLE = "weight_role"
    TOOL_CALLS_ROLE = "tool_calls_role"
    TOOL_CALL_INVALID = "tool_call_invalid"
    ARGUMENTS_NOT_TEXT = "arguments_not_text"
    ARGUMENTS_NOT_JSON = "arguments_not_json"
    TOOL_CALL_ID_MISSING = "tool_call_id_missing"
    TOOL_CALL_ID_UNKNOWN = "tool_call_id_unknown"
    CALL_UNANSWERED = "call_unanswered"
    # a table, or a version that could not be made
    UNFIT = "unfit"
    ALL_ALIKE = "all_alike"
    TABLE = "table"
    TABLE_BROKEN = "table_broken"
    TABLE_ENCRYPTED = "table_encrypted"
    TABLE_TOO_LARGE = "table_too_large"
    TABLE_TOO_LONG = "table_too_long"
    TABLE_TOO_WIDE = "table_too_wide"
    CELL_TOO_LARGE = "cell_too_large"
    TABLE_QUOTES = "table_quotes"
    ELEMENT_BROKEN = "element_broken"
    SHEET_MISSING = "sheet_missing"
    TABLE_ENCODING = "table_encoding"
    COLUMN_MISSING = "column_missing"
    FORMULA_WITHOUT_VALUE = "formula_without_value"
    MERGED_CELLS = "merged_cells"
    TABLE_FOREIGN = "table_foreign"
    KEY_TWICE = "key_twice"
    DOCUMENT_TOO_LARGE = "document_too_large"
    COLUMNS_UNCLEAR = "columns_unclear"
    REQUESTS_ALONE = "requests_alone"
    ANSWERS_ALONE = "answers_alone"
    # notes: what is left out of a table, or read in a way of its own
    SHEETS_HIDDEN = "sheets_hidden"
    SHEETS_NOT_READ = "sheets_not_read"
    ROWS_HIDDEN = "rows_hidden"
    COLUMNS_HIDDEN = "columns_hidden"
    CELLS_VALUELESS = "cells_valueless"
    ROWS_TOO_WIDE = "rows_too_wide"
    ROWS_ABOVE_HEADER = "rows_above_header"
    HEADER_AGAIN = "header_again"
    QUOTES_AS_TEXT = "quotes_as_text"
    KEYS_LEFT_OUT = "keys_left_out"
    COLUMNS_LEFT_OUT = "columns_left_out"
    ROWS_LEFT_OUT = "rows_left_out"
    BAD_LEFT_OUT = "bad_left_out"
    ROWS_AS_THEY_ARE = "rows_as_they_are"
    TURNS_LEFT_OUT = "turns_left_out"
    PAIRS_DIFFER = "pairs_differ"
    CALLS_AS_TEXT = "calls_as_text"
    LOOKED_AT_FIRST = "looked_at_first"
    # warnings: the file can be trained on, but a person should know
    FEW_EXAMPLES = "few_examples"
    LONG_EXAMPLES = "long_examples"
    LAST_NOT_ASSISTANT = "last_not_assistant"
    EMPTY_ANSWERS = "empty_answers"
    SAME_ANSWERS = "same_answers"
    GRADER_KEYS_DIFFER = "grader_keys_differ"
    NO_GRADER_KEYS = "no_grader_keys"
    ARGUMENTS_TWICE = "arguments_twice"
    IMAGE_LABEL = "image_label"
    OUTPUT_OF_SEVERAL = "output_of_several"
    EXAMPLE_WEIGHT = "example_weight"
    REASONING = "reasoning"


NOTES = frozenset(
    {
        Code.FORMULA_WITHOUT_VALUE,
        Code.MERGED_CELLS,
        Code.SHEETS_HIDDEN,
        Code.SHEETS_NOT_READ,
        Code.ROWS_HIDDEN,
        Code.COLUMNS_HIDDEN,
        Code.CELLS_VALUELESS,
        Code.ROWS_TOO_WIDE,
        Code.ROWS_ABOVE_HEADER,
        Code.HEADER_AGAIN,
        Code.QUOTES_AS_TEXT,
        Code.KEYS_LEFT_OUT,
        Code.COLUMNS_LEFT_OUT,
        Code.ROWS_LEFT_OUT,
        Code.BAD_LEFT_OUT,
        Code.ROWS_AS_THEY_ARE,
        Code.TURNS_LEFT_OUT,
        Code.PAIRS_DIFFER,
        Code.CALLS_AS_TEXT,
        Code.LOOKED_AT_FIRST,
    }
)
WARNINGS = frozenset(
    {
        Code.FEW_EXAMPLES,
        Code.LONG_EXAMPLES,
        Code.LAST_NOT_ASSISTANT,
        Code.EMPTY_ANSWERS,
        Code.SAME_ANSWERS,
        Code.GRADER_KEYS_DIFFER,
        Code.NO_GRADER_KEYS,
        Code.ARGUMENTS_TWICE,
        Code.IMAGE_LABEL,
        Code.OUTPUT_OF_SEVERAL,
        Code.EXAMPLE_WEIGHT,
        Code.REASONING,
    }
)
