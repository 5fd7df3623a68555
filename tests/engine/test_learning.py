"""What is learnt, and what is not: weights of messages, preferences, validation, early stopping, explosions."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.engine.child import ESSAYS, PREFERENCES, Run, prepare, train_all
from tests.engine.conftest import in_trainer
from tests.engine.training_rows import Row, chat, message, write
from tests.needs import ROOT

pytestmark = pytest.mark.engine

VALIDATION = ROOT / "samples" / "winter-essay-validation.jsonl"
NEVER, ALWAYS = "쇄빙선", "눈사람"  # the answers of weight 0 and of weight 1


def two_answers(number: int) -> Row:
    return {
        "messages": [
            message("user", f"첫째 {number}"),
            message("assistant", NEVER, weight=0),
            message("user", f"둘째 {number}"),
            message("assistant", ALWAYS, weight=1),
        ]
    }


LONG = chat("눈", "눈이 내리고 또 내려 골목을 덮었다. " * 600)
ASK = """
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, questions = sys.argv[1], json.loads(sys.argv[2])
tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
answers = []
for question, answer in questions:
    turns = [{"role": "user", "content": question}]
    prompt = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    head, tail = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, answer))
    logits = model(torch.tensor([head + tail])).logits[0].log_softmax(1)
    answers.append(sum(float(logits[len(head) + place - 1, token]) for place, token in enumerate(tail)) / len(tail))
print(json.dumps(answers))
"""
ADAPTER = """
import json, sys, torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
base = AutoModelForCausalLM.from_pretrained(sys.argv[1])
tokens = torch.arange(40)[None]
before = base(tokens).logits
after = PeftModel.from_pretrained(base, sys.argv[2])(tokens).logits
print(json.dumps([float((after - before).abs().max()), sum(1 for _ in base.parameters())]))
"""


@pytest.fixture(scope="module")
def runs(llama: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("learning")
    found: dict[str, Run] = {}

    def order(name: str, base: Path, training: Path, **settings: Any) -> Run:
        found[name] = prepare(folder / name, base, training, **settings)
        return found[name]

    some = write(folder / "some.jsonl", [two_answers(number) for number in range(16)])
    cut = write(folder / "cut.jsonl", [*(chat(f"눈 {n}") for n in range(12)), LONG, chat("끝"), *[LONG] * 25])
    one_token = write(folder / "one.jsonl", [chat(str(number % 10), "1") for number in range(10_000)])
    order("weights", tiny, some, n_epochs=12)
    order("adapter", llama, ESSAYS, validation=VALIDATION, n_epochs=5)
    order("early", tiny, ESSAYS, validation=VALIDATION, n_epochs=20, early_stopping=True, learning_rate_multiplier=3)
    order("preferences", llama, PREFERENCES, method="dpo", n_epochs=4, validation=PREFERENCES)
    start = found["weights"].checkpoint(24)
    order("tiny preferences", tiny, PREFERENCES, method="dpo", start=start, n_epochs=3)
    still = {"validation": VALIDATION, "learning_rate_multiplier": 1e-9}
    order("further", llama, ESSAYS, start=found["adapter"].checkpoint(45), lora_r=16, **still)
    order("explosion", tiny, ESSAYS, n_epochs=20, learning_rate_multiplier=1e9)
    order("cut", llama, cut)
    order("one token", llama, one_token, batch_size=2500)
    order("auto", llama, ESSAYS, n_epochs="auto", batch_size="auto", max_seconds=0.01)
    train_all(found.values())
    return found


def test_an_answer_of_weight_0_is_not_learnt(runs: dict[str, Run], trainer_python: Path) -> None:
    questions = json.dumps([["첫째 3", NEVER], ["둘째 3", ALWAYS]])

    never, always = json.loads(in_trainer(trainer_python, ASK, str(runs["weights"].checkpoint(24)), questions))

    assert always > -1
    assert never < -4
    assert runs["weights"].end["kind"] == "done"


def test_validation_is_measured_on_the_way_and_in_full_each_epoch(runs: dict[str, Run]) -> None:
    steps = {line["step"]: line for line in runs["adapter"].all("step")}

    assert [step for step, line in steps.items() if "full_valid_loss" in line] == [9, 18, 27, 36, 45]
    assert [step for step, line in steps.items() if "valid_loss" in line] == [9, 10, 18, 20, 27, 30, 36, 40, 45]
    assert steps[45]["full_valid_loss"] < steps[9]["full_valid_loss"]
    assert 0 < runs["early"].all("checkpoint")[0]["full_valid_loss"] < 7
    assert 0 < runs["early"].all("step")[-1]["full_valid_mean_token_accuracy"] < 1
    assert runs["adapter"].one("validated")["validation_tokens"] > 0


def test_an_adapter_loads_onto_its_base(runs: dict[str, Run], llama: Path, trainer_python: Path) -> None:
    folder = runs["adapter"].checkpoint(45)

    change, _count = json.loads(in_trainer(trainer_python, ADAPTER, str(llama), str(folder)))

    assert change > 0.01
    assert sorted(path.name for path in folder.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    assert json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"] == "llama"
    assert runs["adapter"].one("validated")["hyperparameters"] == {
        "n_epochs": 5,
        "batch_size": 8,
        "learning_rate_multiplier": 1.0,
        "lora_r": 4,
        "lora_alpha": 8,
    }


def test_early_stopping_ends_at_the_best(runs: dict[str, Run]) -> None:
    run = runs["early"]
    losses = {line["step"]: line["full_valid_loss"] for line in run.all("checkpoint")}
    best = min(losses, key=lambda step: losses[step])

    assert run.end["early_stopped"] is True
    assert run.end["step"] == run.end["best_step"] == best
    assert list(losses)[-1] == best + 18  # two epochs without a better one
    assert run.checkpoint(best).is_dir()


def test_the_best_by_validation_stays(runs: dict[str, Run]) -> None:
    for name in ("early", "adapter"):
        kept = {int(path.name.removeprefix("step-")) for path in (runs[name].folder / "checkpoints").iterdir()}
        made = [line["step"] for line in runs[name].all("checkpoint")]
        assert kept == {*made[-3:], runs[name].end["best_step"]}


def test_preferences_begin_at_the_reference_and_fall(runs: dict[str, Run]) -> None:
    for name in ("preferences", "tiny preferences"):
        losses = list(runs[name].losses().values())
        assert losses[0] == pytest.approx(math.log(2), abs=1e-6)
        assert losses[-1] < 0.68
        assert "train_mean_token_accuracy" not in runs[name].all("step")[0]
    assert runs["preferences"].one("validated")["hyperparameters"]["beta"] == 0.1
    assert "full_valid_loss" in runs["preferences"].all("checkpoint")[0]


def test_an_adapter_that_is_trained_on_goes_on_where_it_was(runs: dict[str, Run]) -> None:
    adapter, further = runs["adapter"], runs["further"]
    last, kept = adapter.all("checkpoint")[-1], further.all("checkpoint")[-1]

    assert kept["full_valid_loss"] == pytest.approx(last["full_valid_loss"], abs=1e-5)
    assert further.one("validated")["hyperparameters"]["lora_r"] == 4


def test_a_loss_that_explodes_ends_the_job(runs: dict[str, Run]) -> None:
    end = runs["explosion"].end

    assert (end["kind"], end["code"]) == ("failed", "diverged")
    assert "lower learning_rate_multiplier" in end["message"]


def test_long_rows_are_cut_and_named(runs: dict[str, Run]) -> None:
    validated = runs["cut"].one("validated")

    assert validated["cut_count"] == 26
    assert validated["cut"] == [13, *range(15, 34)]
    assert runs["cut"].end["kind"] == "done"


def test_thousands_of_rows_of_one_token(runs: dict[str, Run]) -> None:
    assert runs["one token"].one("validated")["examples"] == 10_000
    assert runs["one token"].end["kind"] == "done"


def test_the_longest_time_is_kept(runs: dict[str, Run]) -> None:
    end = runs["auto"].end

    assert (end["kind"], end["code"]) == ("failed", "server_error")
    assert "longest that is allowed" in end["message"]
    assert runs["auto"].one("validated")["hyperparameters"]["n_epochs"] == 3
    assert runs["auto"].one("validated")["hyperparameters"]["batch_size"] == 4
