"""A recipe: how training data is made of texts. All of it is stored as JSON, so that it can be repeated.

Nothing heavy is imported here: the portal reads and shows recipes. `recipes.examples` makes what they describe.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal, Self

import msgspec

Kind = Literal["keywords", "summary", "own"]
PLACE = re.compile(r"\{(\w+)\}")
SPACES_WITH_BREAK = re.compile(r"(?<![ \t\r])[ \t\r]*\n\s*")
MOST_SENTENCES, MOST_KEYWORDS, MOST_CHARACTERS, MOST_TOKENS = 50, 100, 20_000, 4_000


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting with its default. Each kind looks at what concerns it.

    keywords: the prompt is `template` over {keywords}, the answer is the paragraph.
    summary: the prompt is what a model made of `prompt` over {text}, put into `template` over {summary}; the answer is
    the chunk. own: `template` over {text} or {keywords}; the answer is what `answer` names.
    """

    kind: Kind = "keywords"
    # pieces: paragraphs of low..high sentences, or chunks of about `size` characters
    cut: Literal["sentences", "characters"] = "sentences"
    low: int = 3
    high: int = 5
    seed: int = 0
    size: int = 600
    line_breaks: Literal["join", "keep"] = "join"  # join: a break within a piece becomes a space
    # keywords
    top: int = 21
    ranking: Literal["frequency", "distinctive"] = "frequency"
    analyser: Literal["mecab", "kiwi"] = "mecab"
    stop_words: tuple[str, ...] = ()
    between: str = ", "  # what stands between two keywords
    # the model that summarises
    prompt: str = "다음 글을 한두 문장으로 요약해 주세요.\n\n{text}"
    max_tokens: int = 300
    temperature: float = 0.5
    # the example
    template: str = ""  # empty: "{keywords}" or "{summary}", as the kind has it
    answer: Literal["text", "keywords"] = "text"
    system_prompt: str = ""
    format: Literal["chat", "legacy"] = "chat"

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Raises msgspec.ValidationError where `data` is none of ours."""
        return msgspec.convert(data, cls, strict=False)

    def as_json(self) -> dict[str, Any]:
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    @property
    def is_free(self) -> bool:
        """Whether it is made without a model, and so costs nothing."""
        return self.kind != "summary"

    @property
    def by_sentences(self) -> bool:
        """Whether its pieces are paragraphs; else they are chunks."""
        return self.kind == "keywords" or (self.kind == "own" and self.cut == "sentences")

    @property
    def full_template(self) -> str:
        return self.template or ("{summary}" if self.kind == "summary" else "{keywords}")

    @property
    def wants_keywords(self) -> bool:
        return self.kind != "summary" and ("{keywords}" in self.full_template or self.answer == "keywords")

    def problems(self) -> dict[str, str]:
        """What cannot be: field → code. Empty where the recipe can be made."""
        return dict(_problems(self))


ANCESTOR = Recipe(format="legacy", between=" ")  # the settings of TextKeywordExtractor-konlpy's config.ini


class Example(msgspec.Struct, frozen=True):
    """One made example: which characters of which source it came from, and its line of JSON without a line break."""

    source: str
    start: int
    end: int
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
    if recipe.kind == "summary" and set(PLACE.findall(recipe.prompt)) != {"text"}:
        yield "prompt", "without_place"


def _template_problem(recipe: Recipe) -> str:
    """The prompt must hold what the answer does not: else there is nothing to learn, or nothing to say."""
    wanted = {
        "keywords": "keywords",
        "summary": "summary",
        "own": "text" if recipe.answer == "keywords" else "keywords",
    }
    places = set(PLACE.findall(recipe.full_template))
    if places - {wanted[recipe.kind]}:
        return "unknown_place"
    return "" if places else "without_place"


def fill(template: str, **words: str) -> str:
    """`{name}` replaced by its words; other braces stay as they are."""
    return PLACE.sub(lambda found: words.get(found[1], found[0]), template)


def shown(recipe: Recipe, text: str) -> str:
    """The text of a piece as an example has it."""
    return SPACES_WITH_BREAK.sub(" ", text) if recipe.line_breaks == "join" and "\n" in text else text


def example_line(recipe: Recipe, text: str, told: list[str] | str) -> bytes:
    """The example's JSON: `text` is the piece's, `told` its keywords, or the summary that a model made of it."""
    text, words = shown(recipe, text), told if isinstance(told, str) else recipe.between.join(told)
    prompt = fill(recipe.full_template, keywords=words, summary=words, text=text)
    answer = words if recipe.kind == "own" and recipe.answer == "keywords" else text
    if recipe.format == "legacy":
        return msgspec.json.encode({"prompt": _with_system(recipe, prompt), "completion": answer})
    said = [("system", recipe.system_prompt)] if recipe.system_prompt else []
    said += [("user", prompt), ("assistant", answer)]
    return msgspec.json.encode({"messages": [{"role": role, "content": content} for role, content in said]})


def _with_system(recipe: Recipe, prompt: str) -> str:
    """A legacy example has no place of its own for a system prompt: it leads the prompt."""
    return f"{recipe.system_prompt}\n\n{prompt}" if recipe.system_prompt else prompt
