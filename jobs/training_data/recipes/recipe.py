"""A recipe: how training data is made of texts. All of it is stored as JSON, so that it can be repeated.

Nothing heavy is imported here: the portal reads and shows recipes. `recipes.examples` makes what they describe.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal, Self

import msgspec

from jobs.training_data.recipes.prompts import HEADING, PLACE, WORDED, fill, language_of
from jobs.training_data.structs import for_threads

Kind = Literal["keywords", "summary", "own"]
Cut = Literal["paragraphs", "sentences", "characters"]
SPACES_WITH_BREAK = re.compile(r"(?<![ \t\r])[ \t\r]*\n\s*")
MOST_SENTENCES, MOST_KEYWORDS, MOST_CHARACTERS, MOST_TOKENS = 50, 100, 20_000, 4_000


@for_threads
class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting with its default. Each kind looks at what concerns it.

    keywords: the prompt is `template` over {keywords}, the answer is the piece.
    summary: the prompt is what a model made of `prompt` over {text}, put into `template` over {summary}; the answer is
    the piece. own: `template` over {text} or {keywords}; the answer is what `answer` names.
    Every template may name the {heading} that the piece is under.
    """

    version: Literal[2] = 2  # stored recipes that name none are of before; see `from_json`
    kind: Kind = "keywords"
    # pieces: the writer's paragraphs (of a summary gathered up to about `size` characters), groups of low..high
    # sentences wherever they are, or chunks of about `size` characters
    cut: Cut = "paragraphs"
    low: int = 3  # sentences; a paragraph of fewer joins its neighbour
    high: int = 5  # a paragraph of more is split
    seed: int = 0
    size: int = 600
    # of a break within a piece. auto: one that wraps a line becomes a space, or nothing inside a word; others stay.
    line_breaks: Literal["auto", "join", "keep"] = "auto"  # join: each becomes a space
    # keywords
    top: int = 21
    ranking: Literal["frequency", "distinctive"] = "frequency"
    analyser: Literal["mecab", "kiwi"] = "mecab"
    units: Literal["leave_out", "keep"] = "leave_out"  # 조, 층, 배 after a number; 때
    stop_words: tuple[str, ...] = ()
    between: str = ", "  # what stands between two keywords
    # the model that summarises
    prompt: str = "다음 글을 한두 문장으로 요약해 주세요.\n\n{text}"
    max_tokens: int = 300
    temperature: float = 0.5
    # the example
    template: str = ""  # empty: a sentence in the language of the piece, see WORDED
    answer: Literal["text", "keywords"] = "text"
    system_prompt: str = ""
    format: Literal["chat", "legacy"] = "chat"

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Self:
        """With these settings and the defaults. Raises msgspec.ValidationError."""
        return msgspec.convert(settings, cls, strict=False)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """As it was stored; one of before `version` means what it meant then. Raises msgspec.ValidationError."""
        return cls.of(data if "version" in data else _as_before(data))

    def as_json(self) -> dict[str, Any]:
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    @property
    def is_free(self) -> bool:
        """Whether it is made without a model, and so costs nothing."""
        return self.kind != "summary"

    @property
    def wants_heading(self) -> bool:
        return HEADING in self.template or HEADING in self.prompt

    @property
    def counts_sentences(self) -> bool:
        """Whether `low` and `high` bound a piece; else `size` says about how long it is."""
        return self.cut == "sentences" or (self.cut == "paragraphs" and self.kind != "summary")

    @property
    def worded(self) -> dict[str, str]:
        """The prompt by language where it has none of its own."""
        return WORDED[self.place]

    def template_for(self, text: str) -> str:
        """The prompt of the example, before its places are filled."""
        return self.template or self.worded[language_of(text)]

    @property
    def place(self) -> str:
        """What the prompt must hold, since the answer does not."""
        if self.kind == "own":
            return "text" if self.answer == "keywords" else "keywords"
        return "summary" if self.kind == "summary" else "keywords"

    def problems(self) -> dict[str, str]:
        """What cannot be: field → code. Empty where the recipe can be made."""
        return dict(_problems(self))


ANCESTOR = Recipe(  # the settings of TextKeywordExtractor-konlpy's config.ini
    cut="sentences", line_breaks="join", units="keep", between=" ", template="{keywords}", format="legacy"
)


def _as_before(data: dict[str, Any]) -> dict[str, Any]:
    """Settings that were stored before there were paragraphs, units and prompts in words."""
    kind = data.get("kind", "keywords")
    cut = {"keywords": "sentences", "summary": "characters"}.get(kind, data.get("cut", "sentences"))
    template = data.get("template") or ("{summary}" if kind == "summary" else "{keywords}")
    return {"line_breaks": "join", **data, "version": 2, "cut": cut, "template": template, "units": "keep"}


class Example(msgspec.Struct, frozen=True):
    """One made example: which characters of which source it came from, and its line of JSON without a line break."""

    source: str
    start: int
    end: int
    heading: str
    line: bytes


def _problems(recipe: Recipe) -> Iterator[tuple[str, str]]:
    ranges = (("low", MOST_SENTENCES), ("high", MOST_SENTENCES), ("top", MOST_KEYWORDS), ("max_tokens", MOST_TOKENS))
    for field, most in ranges:
        if not 1 <= getattr(recipe, field) <= most:
            yield field, "out_of_range"
    if recipe.low > recipe.high:
        yield "low", "low_above_high"
    if not 100 <= recipe.size <= MOST_CHARACTERS:
        yield "size", "out_of_range"
    if not 0 <= recipe.temperature <= 2:
        yield "temperature", "out_of_range"
    if code := _template_problem(recipe):
        yield "template", code
    if recipe.kind == "summary" and set(PLACE.findall(recipe.prompt)) - {"heading"} != {"text"}:
        yield "prompt", "without_place"


def _template_problem(recipe: Recipe) -> str:
    """The prompt must hold what the answer does not: else there is nothing to learn, or nothing to say."""
    places = set(PLACE.findall(recipe.template_for("")))
    if places - {recipe.place, "heading"}:
        return "unknown_place"
    return "" if recipe.place in places else "without_place"


def shown(recipe: Recipe, text: str) -> str:
    """The text of a piece as an example has it; with "auto" it comes so already."""
    return SPACES_WITH_BREAK.sub(" ", text) if recipe.line_breaks == "join" and "\n" in text else text


def example_line(recipe: Recipe, text: str, told: list[str] | str, heading: str = "") -> bytes:
    """The example's JSON: `text` is the piece's, `told` its keywords, or the summary that a model made of it."""
    text, words = shown(recipe, text), told if isinstance(told, str) else recipe.between.join(told)
    prompt = fill(recipe.template_for(text), keywords=words, summary=words, text=text, heading=heading)
    answer = words if recipe.kind == "own" and recipe.answer == "keywords" else text
    if recipe.format == "legacy":
        return msgspec.json.encode({"prompt": _with_system(recipe, prompt), "completion": answer})
    said = [("system", recipe.system_prompt)] if recipe.system_prompt else []
    said += [("user", prompt), ("assistant", answer)]
    return msgspec.json.encode({"messages": [{"role": role, "content": content} for role, content in said]})


def _with_system(recipe: Recipe, prompt: str) -> str:
    """A legacy example has no place of its own for a system prompt: it leads the prompt."""
    return f"{recipe.system_prompt}\n\n{prompt}" if recipe.system_prompt else prompt
