"""Twelve chat templates in the manner of as many families, each with an oracle written by hand.

An oracle returns the pieces of the rendered text, each with whether it is learnt. It knows nothing
of Jinja, prefixes or marks.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stillroom.data.chat.conversation import Conversation, Turn

Pieces = Iterator[tuple[str, bool]]


@dataclass(frozen=True)
class Family:
    template: str
    oracle: Callable[[Conversation], Pieces]
    begin: str | None
    end: str
    system: bool = True
    tools: bool = False
    reasoning: bool = False


def calls_of(turn: Turn) -> list[str]:
    return [json.dumps(dict(call), ensure_ascii=False) for call in turn.tool_calls]


def chatml(one: Conversation) -> Pieces:
    for turn in one.turns:
        yield f"<|im_start|>{turn.role}\n", False
        yield turn.content + "<|im_end|>", turn.role == "assistant"
        yield "\n", False


def headers(one: Conversation) -> Pieces:
    yield "<|begin_of_text|>", False
    for turn in one.turns:
        yield f"<|start_header_id|>{turn.role}<|end_header_id|>\n\n", False
        yield turn.content.strip() + "<|eot_id|>", turn.role == "assistant"


def inst(one: Conversation) -> Pieces:
    yield "<s>", False
    for turn in one.turns:
        if turn.role == "user":
            yield f"[INST] {turn.content} [/INST]", False
        elif turn.role == "tool":
            yield f"[TOOL_RESULTS] {turn.content}[/TOOL_RESULTS]", False
        elif turn.tool_calls:
            yield f"[TOOL_CALLS] [{', '.join(calls_of(turn))}]</s>", True
        else:
            yield f" {turn.content}</s>", True


def turns(one: Conversation) -> Pieces:
    yield "<bos>", False
    first = ""
    for turn in one.turns:
        if turn.role == "system":
            first = turn.content.strip() + "\n\n"
            continue
        name = "model" if turn.role == "assistant" else "user"
        yield f"<start_of_turn>{name}\n", False
        yield first + turn.content.strip() + "<end_of_turn>", name == "model"
        yield "\n", False
        first = ""


def phi(one: Conversation) -> Pieces:
    for turn in one.turns:
        yield f"<|{turn.role}|>\n", False
        yield turn.content + "<|end|>", turn.role == "assistant"
        yield "\n", False
    yield "<|endoftext|>", False


def zephyr(one: Conversation) -> Pieces:
    for turn in one.turns:
        yield f"<||{turn.role}||>\n", False
        yield turn.content + "</s>", turn.role == "assistant"
        yield "\n", False


def plain(one: Conversation) -> Pieces:
    for turn in one.turns:
        if turn.role == "assistant":
            yield "Assistant:", False
            yield f" {turn.content.strip()}</s>", True
            yield "\n", False
        else:
            yield f"{'User' if turn.role == 'user' else 'System'}: {turn.content.strip()}\n", False


def hermes(one: Conversation) -> Pieces:
    if one.tools:
        listed = "".join(f"\n{json.dumps(dict(tool), ensure_ascii=False)}" for tool in one.tools)
        yield f"<|im_start|>system\n<tools>{listed}\n</tools><|im_end|>\n", False
    for turn in one.turns:
        if turn.role == "tool":
            inner = f"<tool_response>\n{turn.content}\n</tool_response>"
            yield f"<|im_start|>user\n{inner}<|im_end|>\n", False
        else:
            calls = "".join(f"\n<tool_call>\n{call}\n</tool_call>" for call in calls_of(turn))
            yield f"<|im_start|>{turn.role}\n", False
            yield turn.content + calls + "<|im_end|>", turn.role == "assistant"
            yield "\n", False


def reasoned(
    one: Conversation, kept: Callable[[int], bool], after: Callable[[int], bool]
) -> Pieces:
    for number, turn in enumerate(one.turns):
        yield f"<|im_start|>{turn.role}\n", False
        thought = ""
        if turn.role == "assistant" and (after(number) or (turn.reasoning and kept(number))):
            thought = f"<think>\n{turn.reasoning or ''}\n</think>\n\n"
        calls = "".join(f"\n<tool_call>\n{call}\n</tool_call>" for call in calls_of(turn))
        yield thought + turn.content + calls + "<|im_end|>", turn.role == "assistant"
        yield "\n", False


def reasoning_kept(one: Conversation) -> Pieces:
    return reasoned(one, lambda number: True, lambda number: False)


def reasoning_dropped(one: Conversation) -> Pieces:
    """Reasoning before the last user turn is dropped; the last turn has an empty one if none."""
    asked = max(number for number, turn in enumerate(one.turns) if turn.role == "user")
    last = len(one.turns) - 1
    return reasoned(one, lambda number: number > asked, lambda number: number == last)


def llama2(one: Conversation) -> Pieces:
    system = ""
    for turn in one.turns:
        if turn.role == "system":
            system = f"<<SYS>>\n{turn.content}\n<</SYS>>\n\n"
        elif turn.role == "user":
            yield f"<s>[INST] {system}{turn.content.strip()} [/INST]", False
            system = ""
        else:
            yield f" {turn.content.strip()} </s>", True


PROMPT = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
CALLS = (
    "{% for call in m.tool_calls or [] %}{{ '\\n<tool_call>\\n' + (call.function | tojson) + "
    "'\\n</tool_call>' }}{% endfor %}"
)
CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}"
    "{% endfor %}" + PROMPT
)
HEADERS = (
    "{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m.role + "
    "'<|end_header_id|>\\n\\n' + m.content | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
INST = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}"
    "{{ '[INST] ' + m.content + ' [/INST]' }}{% elif m.role == 'tool' %}"
    "{{ '[TOOL_RESULTS] ' + m.content + '[/TOOL_RESULTS]' }}{% elif m.role == 'system' %}"
    "{{ raise_exception('System prompts are not supported.') }}{% elif m.tool_calls %}"
    "{{ '[TOOL_CALLS] [' }}{% for call in m.tool_calls %}{{ call.function | tojson }}"
    "{{ ', ' if not loop.last }}{% endfor %}{{ ']' + eos_token }}{% else %}"
    "{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"
)
TURNS = (
    "{{ bos_token }}{% set ns = namespace(first='') %}{% for m in messages %}"
    "{% if m.role == 'system' %}{% set ns.first = m.content | trim + '\\n\\n' %}{% else %}"
    "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else 'user') + '\\n' + ns.first + "
    "m.content | trim + '<end_of_turn>\\n' }}{% set ns.first = '' %}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"
)
PHI = (
    "{% for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content + '<|end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"
)
ZEPHYR = (
    "{% for m in messages %}{{ '<||' + m.role + '||>\\n' + m.content + eos_token + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<||assistant||>\\n' }}{% endif %}"
)
PLAIN = (
    "{% for m in messages %}{% if m.role == 'assistant' %}"
    "{{ 'Assistant: ' + m.content | trim + eos_token + '\\n' }}{% else %}"
    "{{ m.role | capitalize + ': ' + m.content | trim + '\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
HERMES = (
    "{% if tools %}{{ '<|im_start|>system\\n<tools>' }}{% for tool in tools %}"
    "{{ '\\n' + (tool | tojson) }}{% endfor %}{{ '\\n</tools><|im_end|>\\n' }}{% endif %}"
    "{% for m in messages %}{% if m.role == 'tool' %}{{ '<|im_start|>user\\n<tool_response>\\n' + "
    "m.content + '\\n</tool_response><|im_end|>\\n' }}{% else %}"
    "{{ '<|im_start|>' + m.role + '\\n' + m.content }}" + CALLS + "{{ '<|im_end|>\\n' }}"
    "{% endif %}{% endfor %}" + PROMPT
)
THINKS = (
    "{% set ns = namespace(asked=-1) %}{% for m in messages %}{% if m.role == 'user' %}"
    "{% set ns.asked = loop.index0 %}{% endif %}{% endfor %}"
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}"
    "{% if m.role == 'assistant' and (CONDITION) %}"
    "{{ '<think>\\n' + (m.reasoning_content or '') + '\\n</think>\\n\\n' }}{% endif %}"
    "{{ m.content }}" + CALLS + "{{ '<|im_end|>\\n' }}{% endfor %}" + PROMPT
)
KEPT = THINKS.replace("CONDITION", "m.reasoning_content")
DROPPED = THINKS.replace(
    "CONDITION", "loop.last or (m.reasoning_content and loop.index0 > ns.asked)"
)
MARKS = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.role == 'assistant' %}"
    "{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}"
    "{{ '<|im_end|>\\n' }}{% endfor %}" + PROMPT
)
LLAMA2 = (
    "{% set ns = namespace(system='') %}{% for m in messages %}{% if m.role == 'system' %}"
    "{% set ns.system = '<<SYS>>\\n' + m.content + '\\n<</SYS>>\\n\\n' %}"
    "{% elif m.role == 'user' %}{{ bos_token + '[INST] ' + ns.system + m.content | trim + "
    "' [/INST]' }}{% set ns.system = '' %}{% else %}"
    "{{ ' ' + m.content | trim + ' ' + eos_token }}{% endif %}{% endfor %}"
)

FAMILIES = {
    "ChatML": Family(CHATML, chatml, None, "<|im_end|>"),
    "headers": Family(HEADERS, headers, "<|begin_of_text|>", "<|eot_id|>"),
    "[INST] with tools": Family(INST, inst, "<s>", "</s>", system=False, tools=True),
    "turns": Family(TURNS, turns, "<bos>", "<end_of_turn>"),
    "Phi": Family(PHI, phi, None, "<|endoftext|>"),
    "Zephyr": Family(ZEPHYR, zephyr, "<s>", "</s>"),
    "plain": Family(PLAIN, plain, "<s>", "</s>"),
    "Hermes tools": Family(HERMES, hermes, None, "<|im_end|>", tools=True),
    "reasoning kept": Family(KEPT, reasoning_kept, None, "<|im_end|>", tools=True, reasoning=True),
    "reasoning dropped": Family(
        DROPPED, reasoning_dropped, None, "<|im_end|>", tools=True, reasoning=True
    ),
    "marks": Family(MARKS, chatml, None, "<|im_end|>"),
    "system in the first user turn": Family(LLAMA2, llama2, "<s>", "</s>"),
}
