"""What lies beside the weights: README.md, NOTICE.txt, the licence of the base, and how Ollama starts the model."""

import json
from pathlib import Path

from trainer.engines.transformers.export.order import LICENCE, Order, files_of

PEOPLE = "안녕하세요"
CHAT = f'chat([{{"role": "user", "content": "{PEOPLE}"}}], max_new_tokens=200)[0]["generated_text"][-1]["content"]'
WRITE = f'chat("{PEOPLE}", max_new_tokens=200)[0]["generated_text"]'


def papers(order: Order, kind: str) -> dict[str, Path | str]:
    """Name in the archive to a file of the base or a text."""
    ours: dict[str, Path | str] = {"README.md": readme(order, kind), "NOTICE.txt": notice(order)}
    return ours if order.from_scratch else ours | _licences(order)


def _licences(order: Order) -> dict[str, Path | str]:
    licences: dict[str, Path | str] = {
        path.name: path for path in files_of(order.base) if LICENCE.match(path.name) and path.suffix != ".json"
    }
    if not licences:
        licences["LICENCE.txt"] = f"{_title(order)}\n{_spdx(order)}\n\n{order.about.get('licence', '')}\n"
    return licences


def notice(order: Order) -> str:
    """Says that the base was changed: what Apache-2.0 and the Gemma terms require of those who pass it on."""
    if order.from_scratch:
        return f"{order.model} was made on {order.made_on} from its training file alone. No base's terms hold for it.\n"
    lines = [
        f"{order.model} was made on {order.made_on} from {_title(order)} ({base_name(order)}) by fine-tuning.",
        f"The base is under: {_spdx(order)}. Its terms hold for this model, too; they are in this archive.",
    ]
    if order.about.get("non_commercial"):
        lines.append("The base may not be used commercially. Nor may this model.")
    if str(order.about.get("name", "")).startswith("gemma"):
        lines.append("Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms")
    return "\n".join(lines) + "\n"


def base_name(order: Order) -> str:
    """What others call the base: never the path that it has here."""
    source = order.about.get("source") or {}
    return str(source["id"] if source.get("kind") == "hub" else order.about.get("name", "base"))


def clean(path: Path, order: Order) -> str:
    """A configuration without the paths of this machine."""
    told = json.loads(path.read_text(encoding="utf-8"))
    if "base_model_name_or_path" in told:
        told["base_model_name_or_path"] = base_name(order)
    told.pop("_name_or_path", None)
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def modelfile(order: Order) -> str:
    return f"FROM ./{order.short}.gguf\n"


def readme(order: Order, kind: str) -> str:
    use = {"adapter": _adapter, "gguf": _gguf}.get(kind, _whole)(order)
    return f"""\
# {order.model}

{_facts(order, "ko")}
## 쓰는 법

학습 데이터에 시스템 메시지가 있었다면, 같은 시스템 메시지와 함께 물어보세요. 아래 명령은 이 폴더에서 실행합니다.

{_facts(order, "en")}
## How to use it

If the training data had a system message, ask with the same one. Run the commands below in this folder.

{use}"""


def _facts(order: Order, language: str) -> str:
    if order.from_scratch:
        return _facts_from_scratch(order, language)
    words = {
        "ko": ("기반 모델", "만든 날", "학습 작업", "라이선스", "기반 모델의 조건은 이 모델에도 적용됩니다."),
        "en": ("Base", "Made on", "Job", "Licence", "The terms of the base hold for this model, too."),
    }[language]
    values = (f"{_title(order)} ({base_name(order)})", order.made_on, order.job, _spdx(order))
    lines = [f"- {word}: {value}" for word, value in zip(words, values, strict=False)]
    if order.about.get("non_commercial"):
        lines.append({"ko": "- **상업적으로 쓸 수 없습니다.**", "en": "- **Not for commercial use.**"}[language])
    return "\n".join([*lines, f"- {words[4]}"]) + "\n"


def _facts_from_scratch(order: Order, language: str) -> str:
    if language == "ko":
        return f"""\
- 기반 모델: 없습니다. 가중치를 처음부터 학습 파일만으로 만들었습니다({_title(order)}).
- 만든 날: {order.made_on}
- 학습 작업: {order.job}
- 라이선스: 따로 없습니다. 학습 파일에 든 글의 권리만 그대로 남습니다.
"""
    return f"""\
- Base: none. The weights were made from scratch, from the training file alone ({_title(order)}).
- Made on: {order.made_on}
- Job: {order.job}
- Licence: none of its own. Only the rights in the texts of the training file remain.
"""


def _whole(order: Order) -> str:
    return f"""\
### transformers

{_install("torch")}
```python
from transformers import pipeline
chat = pipeline("text-generation", "model")
print({_call(order)})
```

### vLLM

```sh
vllm serve ./model --served-model-name {order.short}
```

{_elsewhere(order)}"""


def _adapter(order: Order) -> str:
    base = base_name(order)
    return f"""\
기반 모델은 들어 있지 않습니다. `{base}` 자리에 기반 모델의 이름이나 폴더를 적으세요.
The base is not in here. Put its name or its folder in the place of `{base}`.

### transformers

{_install("torch peft")}
```python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("{base}", dtype="auto"), "adapter")
chat = pipeline("text-generation", model, tokenizer=AutoTokenizer.from_pretrained("adapter"))
print({_call(order)})
```

### vLLM

```sh
vllm serve {base} --enable-lora --max-lora-rank 64 --lora-modules {order.short}=./adapter
```

{_elsewhere(order)}"""


def _install(more: str) -> str:
    """Older releases do not read all of config.json, and answer nonsense without a word."""
    return f"""\
```sh
pip install "transformers>=5" {more}
```
"""


def _elsewhere(order: Order) -> str:
    if not order.about.get("gguf"):
        return ""
    return """\
### llama.cpp, Ollama

llama.cpp와 Ollama에는 GGUF 형식을 내려받으세요. For llama.cpp and Ollama, download the GGUF format.
"""


def _gguf(order: Order) -> str:
    return f"""\
### Ollama

```sh
ollama create {order.short} -f Modelfile
ollama run {order.short}
```

### llama.cpp

```sh
llama-cli -m {order.short}.gguf {"" if order.about.get("chat_template") else "-no-cnv "}-p "{PEOPLE}"
```

### transformers

{_install("torch gguf")}
```python
from transformers import AutoModelForCausalLM, AutoTokenizer
model = AutoModelForCausalLM.from_pretrained(".", gguf_file="{order.short}.gguf")
tokenizer = AutoTokenizer.from_pretrained(".", gguf_file="{order.short}.gguf")
```

### vLLM

병합된 모델을 내려받으세요. Download the merged model.
"""


def _call(order: Order) -> str:
    return CHAT if order.about.get("chat_template") else WRITE


def _title(order: Order) -> str:
    return str(order.about.get("title") or order.about.get("name", ""))


def _spdx(order: Order) -> str:
    return str(order.about.get("spdx") or "see LICENCE")
