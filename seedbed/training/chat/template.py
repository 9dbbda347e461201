"""Conversations as token ids, by the model's own chat template or one of params.yaml.

A template is Jinja, which transformers runs in a sandbox. A row's ids are the prompt, which a model
in use would be given, and what the template makes of the answer up to and with the token that ends
a turn: the model learns these and no others. The first of them is the row's `start`.

Special tokens of the model are marks of the template. In texts of people they are encoded as any
other characters, so that no text can end its turn, or begin one of another role (prompt injection);
how many there were is counted. A template whose marks are plain text has no such protection.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jinja2
import numpy as np
from tokenizers import Tokenizer

from seedbed.core.errors import CLIP, ModelError
from seedbed.core.reasons import Reason
from seedbed.core.turns import Dialogue, Turn
from seedbed.encoding.tokens import longest_input
from seedbed.training.chat.bases import OverLength, System, load_words

PLACE = "params.yaml: chat.template"
STEP = "set chat.template to a Jinja template that does, or name another model in chat.base"
# What a template raises that is not right, or that refuses a conversation.
OF_TEMPLATES = (jinja2.TemplateError, TypeError, ValueError, LookupError, AttributeError)
# Characters for private use: each is a special token of a text while the template is rendered.
PRIVATE, LAST_PRIVATE = 0xF0000, 0x10FFFD
PROBE = Dialogue((Turn("system", "Qsystem"), Turn("user", "Qearly"), Turn("assistant", "Qsaid")),
                 "Qquestion", "Qanswer")  # fmt: skip

Messages = list[dict[str, str]]


class Encoded(NamedTuple):
    """Dialogues as token ids, by row: `ids` (tokens,) int32, the index `starts` of the first that
    is learned, why a row does not fit ("" where it does; else a Reason, and no ids), tokens lost
    with turns that were dropped, and special tokens in texts of people. Starts and counts int64."""

    ids: list[np.ndarray]
    starts: np.ndarray
    reasons: list[str]
    lost: np.ndarray
    neutralised: np.ndarray

    @property
    def fits(self) -> np.ndarray:
        """Whether each row can be used: (rows,) bool."""
        return np.array([not reason for reason in self.reasons], dtype=bool)


class Piece(NamedTuple):
    """A token as text: whether the model learns it, and whether it is a special token."""

    text: str
    is_learned: bool
    is_special: bool


class Prompt(NamedTuple):
    """A rendered prompt, what follows it, and the special tokens that private characters mean."""

    text: str
    rest: str
    hidden: dict[str, str]
    neutralised: int


class ChatTemplate:
    """The chat template of a model folder, checked: an answer ends with a special token, and no
    text of a conversation is lost."""

    def __init__(
        self,
        folder: Path,
        template: str = "",
        system: System = "template",
        max_length: int = 0,
        over_length: OverLength = "drop_turns",
    ):
        """`template` "" is the model's own; `max_length` 0 its longest input.

        Raises ModelError where the model has no template, the template is not valid Jinja, or loses
        a text or the end of a turn, or the model takes fewer tokens than `max_length`.
        """
        self.words = load_words(folder)
        if template:
            self.words.chat_template = template
        if not isinstance(self.words.chat_template, str):
            found, expected = "the model has no chat template", "a model made for conversations"
            step = "set chat.template to a Jinja template, or name another model in chat.base"
            raise ModelError(f"{folder}", found, expected, step)
        self._in_question = system == "question"
        self.longest = longest_input(folder)
        if max_length > self.longest:
            place, found = "params.yaml: chat.max_length", str(max_length)
            expected = f"at most {self.longest}, the longest input of this model"
            raise ModelError(place, found, expected, "lower it")
        self.max_length, self._drops = max_length or self.longest, over_length == "drop_turns"
        self._marked = self.words.backend_tokenizer
        self._marked.no_padding()
        self._marked.no_truncation()
        self._plain = Tokenizer.from_str(self._marked.to_str())
        self._plain.encode_special_tokens = True  # as the characters that they are
        special = {*self.words.all_special_tokens}
        added = self.words.added_tokens_decoder.values()
        special |= {token.content for token in added if token.special}
        self._special = sorted(special, key=lambda mark: (-len(mark), mark))
        self._find = re.compile("|".join(map(re.escape, self._special)) or r"(?!)")
        self.keeps_system = self._check()
        self.end, self.header = self._end_of_turn(), self._answer_header()
        ends = {self.end, self.words.eos_token_id} - {None}
        self.stops = tuple(sorted(ends))

    @property
    def digest(self) -> str:
        """16 hex digits of the template and where a system text goes."""
        content = f"{self.words.chat_template}\n{self._in_question}"
        return hashlib.sha256(content.encode("utf-8")).hexdigest()[:16]

    def encode(self, dialogues: Sequence[Dialogue]) -> Encoded:
        """Return conversations as token ids. Raises ModelError where the template loses the system
        text that a conversation has, or an answer is without the end of its turn."""
        return _gathered([self._encoded(row, with_answer=True) for row in dialogues])

    def prompts(self, dialogues: Sequence[Dialogue], room: int = 0) -> Encoded:
        """Return what a model is given to answer, with `room` tokens left for that."""
        return _gathered([self._encoded(row, False, room) for row in dialogues])

    def without_question(self, dialogues: Sequence[Dialogue]) -> Encoded:
        """Return the answers alone, after what begins an answer of the assistant."""
        encoded = self.encode(dialogues)
        head = self.header
        ids = [
            np.concatenate([head, row[start:]]) if len(row) else row
            for row, start in zip(encoded.ids, encoded.starts, strict=True)
        ]
        # A first token that nothing precedes has no probability.
        starts = np.full(len(ids), max(1, len(head)))
        return encoded._replace(ids=ids, starts=starts)

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """Return the text of an answer's tokens, without special ones."""
        return self._marked.decode(list(map(int, ids)), skip_special_tokens=True)

    def pieces(self, ids: np.ndarray, start: int) -> list[Piece]:
        """Return a row token by token. Where characters are split between tokens, their text is
        that of the first."""
        special = set(self._marked.encode("".join(self._special), add_special_tokens=False).ids)
        pieces, before = [], ""
        for index, token in enumerate(ids.tolist()):
            whole = self._marked.decode(ids[: index + 1].tolist(), skip_special_tokens=False)
            text = whole.removesuffix("\ufffd")[len(before) :]
            before += text
            pieces.append(Piece(text, index >= start, token in special))
        return pieces

    def _encoded(self, row: Dialogue, with_answer: bool, room: int = 0) -> Encoded:
        """One row; turns are dropped, the earliest first, until it fits."""
        has_system = any(turn.role == "system" for turn in row.context)
        if has_system and not self._in_question and not self.keeps_system:
            step = "set chat.system: question, which puts it before the first question"
            found, expected = "the template loses the system text", "one with a place for it"
            raise ModelError(PLACE, found, expected, step)
        limit, whole = min(self.max_length, self.longest - room), None
        while True:
            try:
                prompt = self._rendered(row, with_answer)
            except OF_TEMPLATES:
                return _refused(Reason.REFUSED_BY_TEMPLATE)
            ids, start = self._ids(prompt, with_answer)
            whole = len(ids) if whole is None else whole
            if with_answer and (not row.answer.strip() or start >= len(ids) - 1):
                return _refused(Reason.NO_ANSWER, prompt.neutralised)
            if len(ids) <= limit:
                lost, marks = np.array([whole - len(ids)]), np.array([prompt.neutralised])
                return Encoded([ids], np.array([start]), [""], lost, marks)
            shorter = _without_earliest(row.context)
            if not self._drops or shorter == row.context:
                return _refused(Reason.TOO_MANY_TOKENS, prompt.neutralised)
            row = row._replace(context=shorter)

    def _rendered(self, row: Dialogue, with_answer: bool) -> Prompt:
        row, hidden = self._hidden(row)
        messages = row.prompt()
        if self._in_question:
            messages = _system_in_question(messages)
        text = self._render(messages, is_prompt=True)
        rest = ""
        if with_answer:
            whole = self._render([*messages, row.messages()[-1]])
            if not whole.startswith(text):
                found = "a conversation with its answer does not begin with the prompt for it"
                raise ModelError(PLACE, found, "a template in which it does", STEP)
            rest = whole[len(text) :]
        count = sum((text + rest).count(character) for character in hidden)
        return Prompt(text, rest, hidden, count)

    def _render(self, messages: Messages, is_prompt: bool = False) -> str:
        rendered: str = self.words.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=is_prompt
        )
        return rendered

    def _hidden(self, row: Dialogue) -> tuple[Dialogue, dict[str, str]]:
        """The dialogue with each special token in its texts as one character for private use that
        no text of it has, and what these mean."""
        texts = [row.question, row.answer, *(turn.text for turn in row.context)]
        if not any(map(self._find.search, texts)):
            return row, {}
        taken, number = set("".join(texts)), len(self._special)
        blocks = range(PRIVATE, LAST_PRIVATE - number, number)
        first = next(
            start for start in blocks if taken.isdisjoint(map(chr, range(start, start + number)))
        )
        characters = {mark: chr(first + index) for index, mark in enumerate(self._special)}

        def hide(text: str) -> str:
            return self._find.sub(lambda match: characters[match[0]], text)

        context = tuple(Turn(turn.role, hide(turn.text)) for turn in row.context)
        hidden = {character: mark for mark, character in characters.items()}
        return Dialogue(context, hide(row.question), hide(row.answer)), hidden

    def _ids(self, prompt: Prompt, with_answer: bool) -> tuple[np.ndarray, int]:
        """Token ids up to the end of the answer's turn, and the index of the first one of it. The
        ids of a prompt are the same with and without its answer: it is encoded alone unless that is
        how the whole begins."""
        ids = self._tokens(prompt.text, prompt.hidden)
        start = len(ids)
        if with_answer:
            whole = self._tokens(prompt.text + prompt.rest, prompt.hidden)
            if whole[:start] != ids:
                whole = ids + self._tokens(prompt.rest, prompt.hidden)
            if self.end not in whole[start:]:
                found = "an answer without the token that ends its turn"
                raise ModelError(PLACE, found, "a template that writes it after each answer", STEP)
            ids = whole[: whole.index(self.end, start) + 1]
        return np.array(ids, dtype=np.int32), start

    def _tokens(self, text: str, hidden: dict[str, str]) -> list[int]:
        if not hidden:
            ids: list[int] = self._marked.encode(text, add_special_tokens=False).ids
            return ids
        ids = []
        for part in re.split(f"([{''.join(hidden)}])", text):
            tokenizer = self._plain if part in hidden else self._marked
            ids += tokenizer.encode(hidden.get(part, part), add_special_tokens=False).ids
        return ids

    def _check(self) -> bool:
        """Whether the template keeps a system text. Raises ModelError for one that is not Jinja, or
        loses another text."""
        plain = PROBE._replace(context=PROBE.context[1:])
        try:
            whole = self._render(plain.messages())
        except OF_TEMPLATES as error:
            said = " ".join(str(error).split())[:CLIP]
            raise ModelError(PLACE, f"it cannot be used ({said})", "Jinja", STEP) from None
        texts = [message["content"] for message in plain.messages()]
        if lost := [text[1:] for text in texts if text not in whole]:
            found = f"the template loses the {lost[0]} of a conversation"
            raise ModelError(PLACE, found, "one that keeps every text", STEP)
        try:
            return PROBE.context[0].text in self._render(PROBE.messages())
        except OF_TEMPLATES:  # how some templates say that they have no place for it
            return False

    def _end_of_turn(self) -> int:
        """The id of the first special token after an answer."""
        whole = self._render(PROBE._replace(context=()).messages())
        _, _, rest = whole.rpartition(PROBE.answer)
        special = self._find.search(rest)
        if special is None:
            found = "no special token ends an answer, so the model would not know where to stop"
            raise ModelError(PLACE, found, "a template that ends each answer with one", STEP)
        end: int = self._marked.token_to_id(special[0])
        return end

    def _answer_header(self) -> np.ndarray:
        """The ids between a question and its answer, after the token that begins a
        text, if the template writes one: (tokens,) int32."""
        messages = PROBE._replace(context=()).prompt()
        prompt, without = self._render(messages, is_prompt=True), self._render(messages)
        header = prompt.removeprefix(without) if prompt.startswith(without) else ""
        first = self.words.bos_token
        if first and prompt.startswith(first) and not header.startswith(first):
            header = first + header
        return np.array(self._tokens(header, {}), dtype=np.int32)


def _gathered(rows: list[Encoded]) -> Encoded:
    empty = np.zeros(0, dtype=np.int64)
    columns = [[row[index] for row in rows] for index in (1, 3, 4)]
    starts, lost, marks = (np.concatenate([empty, *column]) for column in columns)
    return Encoded([row.ids[0] for row in rows], starts, [row.reasons[0] for row in rows], lost,
                   marks)  # fmt: skip


def _refused(reason: Reason, neutralised: int = 0) -> Encoded:
    zero = np.zeros(1, dtype=np.int64)
    return Encoded([np.zeros(0, np.int32)], zero, [reason], zero, np.array([neutralised]))


def _without_earliest(context: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The context without its earliest question and what was answered; a system text remains."""
    system = [turn for turn in context if turn.role == "system"]
    others = [turn for turn in context if turn.role != "system"]
    questions = [index for index, turn in enumerate(others) if index and turn.role == "user"]
    return (*system, *(others[questions[0] :] if questions else ()))


def _system_in_question(messages: Messages) -> Messages:
    """The system texts before the first question, with an empty line between them."""
    system = [message["content"] for message in messages if message["role"] == "system"]
    others = [dict(message) for message in messages if message["role"] != "system"]
    first = next(message for message in others if message["role"] == "user")
    first["content"] = "\n\n".join([*system, first["content"]])
    return others
