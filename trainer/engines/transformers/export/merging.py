"""An adapter's weights added to its base's: a model that needs neither peft nor the base any more."""

from pathlib import Path

from peft import PeftModel
from transformers import AutoModelForCausalLM

from trainer.engines.transformers.export.order import Order, RefusedError

SHARD = "2GB"


def merge(order: Order) -> Path:
    """Returns the folder of the merged model, in the precision of the base. Raises RefusedError."""
    folder = order.work / "model"
    base = AutoModelForCausalLM.from_pretrained(
        order.base, dtype="auto", use_safetensors=True, local_files_only=True, trust_remote_code=False
    )
    try:
        model = PeftModel.from_pretrained(base, str(order.weights))
        merged = model.merge_and_unload(safe_merge=True)
    except (RuntimeError, ValueError) as error:  # another base's shapes; a sum that is no number
        raise RefusedError("invalid_weights", f"The adapter does not fit its base: {error}"[:500]) from error
    merged.save_pretrained(folder, max_shard_size=SHARD)
    return folder
