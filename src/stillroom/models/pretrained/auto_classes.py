"""Auto classes: the architecture that a config names in, the class that loads it out.

    config.json ──architectures, model_type──> tables of transformers ──> AutoModelForCausalLM, …

The tables of `transformers` decide, not the ending of a name: `GPT2LMHeadModel` is a language
model, `BertModel` an encoder without a head. A model of images and texts is a language model where
`AutoModelForCausalLM` opens it.
"""

from pathlib import Path
from typing import Any

from stillroom.config.model_files import CONFIG
from stillroom.errors import ModelError
from stillroom.models.architecture_registry import register_architectures
from stillroom.models.pretrained.config_file import architecture_of, read_document

CAUSAL_LM, MASKED_LM = "AutoModelForCausalLM", "AutoModelForMaskedLM"
TEXT_CLASSIFIER = "AutoModelForSequenceClassification"
IMAGE_CLASSIFIER = "AutoModelForImageClassification"
AUTO_CLASSES = (CAUSAL_LM, MASKED_LM, TEXT_CLASSIFIER, IMAGE_CLASSIFIER)
# Classes that hold a language model and further heads, which nothing here reads.
WITH_MORE_HEADS = ("ForPreTraining", "DoubleHeadsModel", "ForConditionalGeneration")


def auto_class(path: Path) -> str:
    """Return the name of the auto class of `transformers` that loads a model, by its config.

    Raises:
        ModelError: the config names no architecture, or one that Stillroom cannot load.
    """
    document = read_document(path)
    architecture, model_type = architecture_of(document), str(document.get("model_type"))
    tables = {name: _classes_of(name, model_type) for name in AUTO_CLASSES}
    named = [name for name in AUTO_CLASSES if architecture in tables[name]]
    if CAUSAL_LM not in named and architecture in _encoder_decoders(model_type):
        raise ModelError(
            f"{path / CONFIG} names the architecture {architecture}, which is an encoder with a "
            "decoder, or a model of sound. Stillroom distils decoders, encoders and classifiers. "
            "Choose a model whose architecture ends in ForCausalLM, ForMaskedLM or "
            "ForSequenceClassification."
        )
    if len(named) > 1:  # XLMWithLMHeadModel is both; its config says which
        return CAUSAL_LM if document.get("causal") or document.get("is_decoder") else MASKED_LM
    if named:
        return named[0]
    if architecture.endswith(WITH_MORE_HEADS):
        for name in (MASKED_LM, CAUSAL_LM):
            if tables[name]:
                return name
    raise ModelError(f"{path / CONFIG} {_no_head(architecture, model_type)}")


def is_bare_encoder(document: dict[str, Any]) -> bool:
    """Tell whether a config names an architecture without a head, such as BertModel."""
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    bare = MODEL_MAPPING_NAMES.get(str(document.get("model_type")), ())
    return architecture_of(document) in _tuple(bare)


def _classes_of(automatic: str, model_type: str) -> tuple[str, ...]:
    """Return the names of the classes that an auto class may build for a type of model."""
    import transformers
    from transformers.models.auto import modeling_auto
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    register_architectures()
    tables: dict[str, Any] = {
        CAUSAL_LM: modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MASKED_LM: modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
        TEXT_CLASSIFIER: modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
        IMAGE_CLASSIFIER: modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES,
    }
    if model_type in tables[automatic]:
        return _tuple(tables[automatic][model_type])
    if model_type not in CONFIG_MAPPING:
        return ()
    # Architectures that Stillroom or a package registered are in no table of names.
    mapping = getattr(transformers, automatic)._model_mapping
    registered = mapping._extra_content.get(CONFIG_MAPPING[model_type], ())
    return tuple(one.__name__ for one in _tuple(registered))


def _encoder_decoders(model_type: str) -> tuple[str, ...]:
    from transformers.models.auto.modeling_auto import MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES

    return _tuple(MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES.get(model_type, ()))


def _no_head(architecture: str, model_type: str) -> str:
    """Return what a config names that cannot be loaded, and what to do."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    if is_bare_encoder({"architectures": [architecture], "model_type": model_type}):
        return (
            f"names the architecture {architecture}, which has no head. Set "
            "teacher.source=sentence, so that a head is fitted here, or save the model with its "
            "head."
        )
    if model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return (
            f"names the architecture {architecture}, a model of images and texts that "
            f"{CAUSAL_LM} does not open. Save its language model as a model of its own, with the "
            "output layer, or choose another teacher."
        )
    return (
        f"names the architecture {architecture} of the type {model_type[:60]}, which none of "
        f"{', '.join(AUTO_CLASSES)} builds. Save the model with its head."
    )


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)
