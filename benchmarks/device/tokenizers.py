"""Tokenizers that can say any text, in the layouts of the real checkpoints: one token a byte."""

from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import BertTokenizer, CLIPTokenizer, PreTrainedTokenizerFast

CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CALLS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
VISION = ("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
CHAT_TEMPLATE = """\
{%- if tools %}{{ '<|im_start|>system\n' }}{% for tool in tools %}{{ tool | tojson }}{{ '\n' }}\
{% endfor %}{{ '<|im_end|>\n' }}{% endif -%}
{%- for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}\
{%- if message.content is string %}{{ message.content }}{% else %}\
{%- for part in message.content or [] %}{% if part.type == 'image' %}\
{{ '<|vision_start|><|image_pad|><|vision_end|>' }}{% else %}{{ part.text }}{% endif %}{% endfor %}\
{%- endif %}\
{%- for call in message.tool_calls or [] %}{{ '<tool_call>\n' + (call.function | tojson) \
+ '\n</tool_call>' }}{% endfor %}{{ '<|im_end|>\n' }}{% endfor -%}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}\
{%- if enable_thinking is defined and not enable_thinking %}{{ '<think>\n\n</think>\n\n' }}\
{%- endif %}{% endif -%}
"""  # Qwen's form: the switch for thinking is that of its hybrid checkpoints
LLAVA_TEMPLATE = """\
{%- for message in messages %}{{ message.role.upper() + ': ' }}\
{%- for part in message.content %}{% if part.type == 'image' %}{{ '<image>\n' }}{% else %}\
{{ part.text + ' ' }}{% endif %}{% endfor %}{% endfor -%}
{%- if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif -%}
"""


def chat_tokenizer() -> PreTrainedTokenizerFast:
    """Qwen's special tokens and chat template."""
    tokenizer = _byte_tokenizer((*CHATML, *VISION), CALLS)
    return _fast(
        tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=CHAT_TEMPLATE,
    )


def llava_tokenizer() -> PreTrainedTokenizerFast:
    """Llama's ends of sequences and LLaVA's place for a picture."""
    tokenizer = _byte_tokenizer(("<unk>", "<s>", "</s>", "<pad>", "<image>"))
    return _fast(tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>")


def siglip_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = _byte_tokenizer(("<pad>", "<eos>", "<bos>"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", tokenizer.token_to_id("<eos>"))]
    )
    return _fast(tokenizer, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>")


def bert_tokenizer(folder: Path) -> BertTokenizer:
    """One token per common character, in the vocabulary file that is written to `folder`."""
    letters = [*map(chr, range(0x21, 0x7F)), *map(chr, range(0x4E00, 0x4F00))]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return BertTokenizer(str(folder / "vocab.txt"))


def clip_tokenizer(length: int) -> CLIPTokenizer:
    """CLIP's own class, each byte a token in the middle of a word and at its end."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    vocabulary = {word: number for number, word in enumerate(words)}
    vocabulary |= {"<|startoftext|>": len(words), "<|endoftext|>": len(words) + 1}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=length)


def _fast(tokenizer: Tokenizer, **options: str) -> PreTrainedTokenizerFast:
    kind: Any = PreTrainedTokenizerFast
    made: PreTrainedTokenizerFast = kind(tokenizer_object=tokenizer, **options)
    return made


def _byte_tokenizer(special: tuple[str, ...], added: tuple[str, ...] = ()) -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = [*special, *added, *alphabet]
    tokenizer = Tokenizer(models.BPE(vocab={t: n for n, t in enumerate(names)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    tokenizer.add_tokens([AddedToken(token, special=False) for token in added])
    return tokenizer
