"""Why a row was quarantined, dropped or suspected: the one list of reasons.

A reason is true of the row (`too_short`), never its opposite, and its sentence is what people read.
Adding one is one entry here; `settle` refuses a stage that gives any other.
"""

from enum import StrEnum


class Choice(StrEnum):
    """Whose choice it was that the row has this fate."""

    RULE = "rule"  # of the pipeline, set in params.yaml
    PERSON = "person"
    SOURCE = "source"  # the row, or a newer version of it, as the source sends it
    MODEL = "model"


class Reason(StrEnum):
    """A reason, equal to its name.

    It has a sentence, whose choice it is, and, for a row in quarantine, what its source should do.
    """

    sentence: str
    choice: Choice
    repair: str

    def __new__(
        cls, name: str, sentence: str = "", choice: Choice = Choice.RULE, repair: str = ""
    ) -> "Reason":
        """Raises ValueError for a reason without a sentence."""
        if not sentence:
            raise ValueError(f"reason `{name}` has no sentence")
        reason = str.__new__(cls, name)
        reason._value_ = name
        reason.sentence, reason.choice, reason.repair = sentence, choice, repair
        return reason

    # collect: rows in quarantine, which their source has to correct
    BAD_ENCODING = (
        "bad_encoding",
        "its file is in no encoding that can be read",
        Choice.SOURCE,
        "name the file's encoding in `encoding` of its source, or save the file as UTF-8",
    )
    NOT_TEXT = (
        "not_text",
        "its text is binary, or a structure of cells",
        Choice.SOURCE,
        "delete the row, or name a column that holds text",
    )
    BAD_QUOTES = (
        "bad_quotes",
        "a quotation mark of its line is never closed",
        Choice.SOURCE,
        'close the quotes; write a quote inside a cell as ""',
    )
    BAD_JSON = (
        "bad_json",
        "its line is not valid JSON",
        Choice.SOURCE,
        "correct the line, so that it is one JSON object",
    )
    NOT_AN_OBJECT = (
        "not_an_object",
        "it is not a JSON object",
        Choice.SOURCE,
        "write the row as one JSON object with a key per column",
    )
    WRONG_COLUMN_COUNT = (
        "wrong_column_count",
        "its line has another number of cells than the header",
        Choice.SOURCE,
        "give the line as many cells as the header; quote separators in cells",
    )
    MISSING_TEXT = (
        "missing_text",
        "its text is empty",
        Choice.SOURCE,
        "give the row a text, or delete it",
    )
    EMPTY_ANSWER = (
        "empty_answer",
        "its answer is empty",
        Choice.SOURCE,
        "give the question its answer, or delete the row",
    )
    ANSWER_CUT_OFF = (
        "answer_cut_off",
        "its answer ends before it is complete",
        Choice.SOURCE,
        "write the answer again with a higher limit of tokens, or delete the row",
    )
    EMPTY_TURN = (
        "empty_turn",
        "an earlier turn of its conversation is empty",
        Choice.SOURCE,
        "delete the empty turn and the one that it belongs to",
    )
    MESSAGES_ARE_NO_LIST = (
        "messages_are_no_list",
        "its messages are no list of texts with roles",
        Choice.SOURCE,
        'write them as [{"role": "user", "content": "..."}, ...]',
    )
    UNKNOWN_ROLE = (
        "unknown_role",
        "a message has another role than system, user and assistant",
        Choice.SOURCE,
        "rename the role, or delete the conversation",
    )
    ROLE_ORDER = (
        "role_order",
        "user and assistant do not take turns, or a system text is not the first message",
        Choice.SOURCE,
        "join the turns of one side into one, and begin with the user",
    )
    CALLS_TOOLS = (
        "calls_tools",
        "its conversation has calls of tools",
        Choice.SOURCE,
        "write the conversation without them, or leave it out",
    )
    HAS_MEDIA = (
        "has_media",
        "its conversation has images, or other parts that are no text",
        Choice.SOURCE,
        "leave the conversation out",
    )
    NOTHING_TO_LEARN = (
        "nothing_to_learn",
        "every answer of its conversation has the weight 0",
        Choice.SOURCE,
        "leave the conversation out, or give an answer another weight",
    )
    MISSING_TEXT_PAIR = (
        "missing_text_pair",
        "its second text is empty",
        Choice.SOURCE,
        "give the row its second text, or delete it",
    )
    MISSING_ID = (
        "missing_id",
        "its id is empty",
        Choice.SOURCE,
        "give the row the key of its source, or name another column in `columns.id`",
    )
    MISSING_LABEL = (
        "missing_label",
        "its label is empty",
        Choice.SOURCE,
        "give the row a label, or delete it; in task labels `empty_label: none` of its source says "
        "that no label is right where the cell is empty",
    )
    LABEL_IS_A_LIST = (
        "label_is_a_list",
        "its label is a list of names",
        Choice.SOURCE,
        "set `task: {kind: labels}` in params.yaml if a text may have several labels; else name "
        "another column in `columns.label`",
    )
    LABELS_ARE_NO_LIST = (
        "labels_are_no_list",
        "its cell of labels is no list of names, and no 0 or 1",
        Choice.SOURCE,
        "write a list of names, names with a separator, or 0 and 1 in a column for each label",
    )
    TOO_LARGE = (
        "too_large",
        "it has more characters than collect.max_row_chars",
        Choice.RULE,
        "shorten the text, or raise collect.max_row_chars",
    )
    LONE_SURROGATE = (
        "lone_surrogate",
        "it contains half a character",
        Choice.SOURCE,
        "delete the half character, which remains of a cut emoji",
    )
    LABEL_IS_NO_NAME = (
        "label_is_no_name",
        "its label is too long for a name, or contains control characters",
        Choice.SOURCE,
        "correct the label in the file, or map it in `label_map` of its source",
    )
    SEPARATOR_IN_LABEL = (
        "separator_in_label",
        "the name of one of its labels contains `|`, which separates labels in task labels",
        Choice.SOURCE,
        "name the separator of its cells in `label_separator` of its source, or rename the label "
        "in `label_map`",
    )
    UNKNOWN_LABEL = (
        "unknown_label",
        "collect.labels does not list its label",
        Choice.RULE,
        "correct the label in the file, map it in `label_map` of its source, or add it to "
        "collect.labels",
    )
    UNKNOWN_SPLIT = (
        "unknown_split",
        "its split is not train, validation or test",
        Choice.SOURCE,
        "write train, validation or test, or leave the split out",
    )
    BAD_DATE = (
        "bad_date",
        "its date cannot be read",
        Choice.SOURCE,
        "set `date_format` of its source (`seedbed add --date-format`), or correct `columns.date`",
    )

    # collect: rows dropped by choice
    LABEL_DROPPED = "label_dropped", "the label map of its source drops this label", Choice.PERSON
    FORGOTTEN = "forgotten", "it was forgotten on request, and arrived again", Choice.PERSON
    CAME_AGAIN = "came_again", "an earlier batch of its source has the same row", Choice.SOURCE
    SUPERSEDED = (
        "superseded",
        "a later batch of its source has this record with other content",
        Choice.SOURCE,
    )

    # clean
    TOO_SHORT = "too_short", "its text has fewer characters than clean.min_chars"
    TOO_LONG = "too_long", "its text has more characters than clean.max_chars"
    LOW_LETTER_SHARE = (
        "low_letter_share",
        "its text has too small a share of letters (clean.min_letter_share)",
    )
    REPETITIVE = "repetitive", "its text repeats itself (clean.max_repeated_share)"
    WRONG_LANGUAGE = (
        "wrong_language",
        "its text is in a language that clean.languages does not list",
    )

    # apply_decisions
    DROPPED_BY_PERSON = "dropped_by_person", "a person decided to drop it", Choice.PERSON
    AMBIGUOUS = "ambiguous", "a person decided that no single label fits it", Choice.PERSON
    PEOPLE_DISAGREE = "people_disagree", "people decided differently on its label", Choice.PERSON

    # deduplicate
    EXACT_DUPLICATE = "exact_duplicate", "its text is a copy of another row's"
    NEAR_DUPLICATE = (
        "near_duplicate",
        "its text is nearly that of another row (deduplicate.min_jaccard)",
    )
    LABEL_CONFLICT = "label_conflict", "another row has the same text with another label"
    ANSWER_CONFLICT = (
        "answer_conflict",
        "another row has the same question with another answer (deduplicate.answer_conflict)",
    )
    NEAR_CONFLICT = (
        "near_conflict",
        "another row has nearly the same text with another label (deduplicate.near_conflict)",
    )

    # split
    TWIN_IN_TEST = "twin_in_test", "a near copy of it is in test"
    TWIN_IN_VALIDATION = "twin_in_validation", "a near copy of it is in validation"
    GROUP_IN_TEST = "group_in_test", "a row of its group is in test"
    GROUP_IN_VALIDATION = "group_in_validation", "a row of its group is in validation"
    IN_EVALUATION_FILE = (
        "in_evaluation_file",
        "a file of split.contamination has its question, or nearly",
    )
    UNLABELLED = "unlabelled", "it has no label: only adapt may learn from it"
    CLASS_NOT_IN_TRAIN = (
        "class_not_in_train",
        "its class has no row in train, so it cannot be learned",
    )

    # find_label_errors
    LABEL_ISSUE = (
        "label_issue",
        "its label is among the lowest-scoring of its class, as many as are estimated wrong",
        Choice.MODEL,
    )
    OTHER_LABEL_LIKELIER = (
        "other_label_likelier",
        "models that never saw it find another label more likely",
        Choice.MODEL,
    )
    LOW_LABEL_QUALITY = (
        "low_label_quality",
        "its label or answer is among the lowest-scoring (find_label_errors.max_share)",
        Choice.MODEL,
    )
    NEAR_COPY_OTHER_LABEL = (
        "near_copy_other_label",
        "a near copy in meaning has another label, which is more likely correct",
        Choice.MODEL,
    )

    LACKS_LABEL = (
        "lacks_label",
        "models that never saw it find a label likely that its set lacks",
        Choice.MODEL,
    )
    EXTRA_LABEL = (
        "extra_label",
        "models that never saw it find a label of its set unlikely",
        Choice.MODEL,
    )
    MISSING_AND_EXTRA_LABELS = (
        "missing_and_extra_labels",
        "models that never saw it find a label likely that its set lacks, and one of it unlikely",
        Choice.MODEL,
    )

    # find_label_errors, task answer
    ANSWERS_OTHER_QUESTION = (
        "answers_other_question",
        "its answer is more like one to another question, by models that never saw the row",
        Choice.MODEL,
    )
    EMPTY_PHRASE = "empty_phrase", "several different questions have its answer", Choice.MODEL
    OTHER_LANGUAGE = (
        "other_language",
        "its answer is in another language than its question, which is rare in these rows",
        Choice.MODEL,
    )
    SEEMS_CUT_OFF = "seems_cut_off", "its answer ends in the middle, unlike most", Choice.MODEL

    # tokenize, task answer
    TOO_MANY_TOKENS = "too_many_tokens", "its conversation is longer than chat.max_length"
    NO_ANSWER = "no_answer", "its answer has no tokens, so nothing of it can be learned"
    REFUSED_BY_TEMPLATE = "refused_by_template", "the chat template has no place for it"

    # augment, balance
    OVER_CAP = "over_cap", "its class has more rows than balance.max_ratio allows"
    OVER_SHARE = "over_share", "its class or source has more rows than its share in balance.target"
    NEGATIVE_FOR_THRESHOLD = (
        "negative_for_threshold",
        "a threshold detects such rows (negatives.as), so no model trains on them",
    )


NAMES = frozenset(str(reason) for reason in Reason)


def in_words(reason: str) -> str:
    """The sentence of a reason with its name; one that another version gave, as it is."""
    return f"{Reason(reason).sentence} ({reason})" if reason in NAMES else reason
