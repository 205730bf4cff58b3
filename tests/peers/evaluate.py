"""Run by the peers' Python: load a folder with one of them, evaluate it, write the outputs.

python evaluate.py kerashub|transformers CLASS FOLDER FEATURES.npz OUT.npz
"""

import os
import sys

import numpy as np

os.environ["KERAS_BACKEND"] = "jax"


def kerashub(cls: str, folder: str, features: dict) -> dict:
    import keras_hub  # pyright: ignore[reportMissingImports]

    model = getattr(keras_hub.models, cls).from_preset(folder)
    model.save_task_weights(f"{folder}/theirs.weights.h5")
    model.load_task_weights(f"{folder}/other_head.weights.h5")
    encoder_inputs = {name: features[name] for name in ("token_ids", "segment_ids")}
    outputs = {k: np.asarray(v) for k, v in model.backbone(encoder_inputs).items()}
    inputs = features if cls == "FNetMaskedLM" else encoder_inputs
    ids = model.preprocessor.tokenizer("The capital of France is a large city.")
    return {**outputs, "logits": np.asarray(model(inputs)), "ids": np.asarray(ids)}


def transformers(cls: str, folder: str, features: dict) -> dict:
    import torch  # pyright: ignore[reportMissingImports]
    import transformers as peer  # pyright: ignore[reportMissingImports]

    model, report = getattr(peer, cls).from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"], report
    assert not report["unexpected_keys"], report
    model.eval()
    inputs = {
        "input_ids": torch.tensor(features["token_ids"]).long(),
        "token_type_ids": torch.tensor(features["segment_ids"]).long(),
    }
    with torch.no_grad():
        encoded = model.fnet(**inputs)
        result = model(**inputs)
    outputs = {
        "sequence_output": encoded.last_hidden_state.numpy(),
        "pooled_output": encoded.pooler_output.numpy(),
    }
    if cls == "FNetForSequenceClassification":
        return {**outputs, "logits": result.logits.numpy()}
    logits = result.prediction_logits if cls == "FNetForPreTraining" else result.logits
    positions = torch.tensor(features["mask_positions"]).long()[..., None].expand(-1, -1, logits.shape[-1])
    outputs["logits"] = torch.gather(logits, 1, positions).numpy()
    if cls == "FNetForPreTraining":
        outputs["next_sentence"] = result.seq_relationship_logits.numpy()
    return outputs


if __name__ == "__main__":
    peer_name, cls_name, folder_name, features_file, out_file = sys.argv[1:]
    with np.load(features_file) as file:
        given = dict(file)
    np.savez(out_file, **{"kerashub": kerashub, "transformers": transformers}[peer_name](cls_name, folder_name, given))
