"""ChatML: the built-in template, for models without one.

    messages, tools ──CHATML──> <|im_start|>role, newline, content, <|im_end|>, newline, …

It is ChatML as OpenAI published it in 2023, with tools and tool calls as JSON in the tags
<tools> and <tool_call>, and reasoning in <think>. It marks what the assistant writes.
"""

TOKENS = ("<|im_start|>", "<|im_end|>")
TOKENS = ("<|im_start|>", "<|im_end|>")
CHATML = """\
{%- macro with_tools() -%}
You may call one or more of these functions. Their JSON schemas, one a line:
<tools>
{%- for tool in tools %}
{{ '\\n' + (tool | tojson) }}
{%- endfor %}
{{ '\\n' }}</tools>
For each call, write its name and arguments as JSON:
<tool_call>
{"name": "the name", "arguments": {"a name": "a value"}}
</tool_call>
{%- endmacro %}
{%- set has_system = messages and messages[0].role == 'system' %}
{%- if tools and not has_system %}
{{- '<|im_start|>system\\n' + with_tools() + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.role == 'assistant' %}
{%- generation %}
{%- if message.reasoning_content %}
{{- '<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' }}
{%- endif %}
{{- message.content }}
{%- for call in message.tool_calls or [] %}
{{- '\\n' if message.content or not loop.first }}
{{- '<tool_call>\\n' + (call.function | tojson) + '\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>' }}
{%- endgeneration %}
{{- '\\n' }}
{%- else %}
{{- message.content }}
{%- if tools and has_system and loop.first %}
{{- '\\n\\n' + with_tools() }}
{%- endif %}
{{- '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
