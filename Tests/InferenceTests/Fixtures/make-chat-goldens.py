#!/usr/bin/env python3
"""Renders conversations through chat templates and writes chat-golden.json beside this script.

Needs jinja2 and llama-cpp-python. The templates are short ones written for this test in the manner of
each family's own; jinja2 executes them with a beginning and an end token. Where llama.cpp's built-in
engine knows the style by name, its rendering of the same conversation must agree, but for the
beginning token, which it leaves to the tokenizer.
"""

import ctypes
import json
import pathlib

import jinja2
import llama_cpp

HERE = pathlib.Path(__file__).parent

SYSTEM = {"role": "system", "content": "Be brief."}
QUESTION = {"role": "user", "content": " Why is\nthe sky blue? "}
ANSWER = {"role": "assistant", "content": "Light scatters."}
THOUGHT = {"role": "assistant", "content": "<think>\nhm\n</think>\n\nLight scatters."}
AGAIN = {"role": "user", "content": "And at dusk?"}
CONVERSATIONS = [
    [QUESTION], [SYSTEM, QUESTION], [QUESTION, ANSWER, AGAIN], [SYSTEM, QUESTION, ANSWER, AGAIN],
]

CHATML = """{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' + '\\n' }}\
{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""
QWEN2 = """{% if messages[0].role != 'system' %}{{ '<|im_start|>system\\nYou are helpful.<|im_end|>\\n' }}{% endif %}\
""" + CHATML
QWEN3 = """{% set ns = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}\
{% set ns.last = loop.index0 %}{% endif %}{% endfor %}{% for m in messages %}{% set c = m.content %}\
{% if m.role == 'assistant' and '</think>' in c and loop.index0 < ns.last %}\
{% set c = c.split('</think>')[-1].lstrip('\\n') %}{% endif %}\
{{ '<|im_start|>' + m.role + '\\n' + c + '<|im_end|>\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""
LLAMA3 = """{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' \
+ m.content | trim + '<|eot_id|>' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"""
PHI3 = """{{ bos_token }}{% for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content + '<|end|>\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"""
GEMMA = """{{ bos_token }}{% set ns = namespace(prefix='') %}{% for m in messages %}{% if m.role == 'system' %}\
{% set ns.prefix = m.content + '\\n\\n' %}{% else %}\
{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\\n' + ns.prefix + m.content | trim \
+ '<end_of_turn>\\n' }}{% set ns.prefix = '' %}{% endif %}{% endfor %}\
{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"""
MISTRAL = """{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}\
{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}"""
MISTRAL_V1 = """{% set system_message = messages[0].content + '\\n\\n' if messages[0].role == 'system' else '' %}\
{% set ns = namespace(system=system_message) %}{{ bos_token }}\
{% for m in messages %}{% if m.role == 'user' %}{% if ns.system %}{{ ' [INST] ' + system_message }}\
{% else %}{{ ' [INST] ' }}{% endif %}{{ m.content + ' [/INST]' }}{% set ns.system = '' %}\
{% elif m.role == 'assistant' %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"""
MISTRAL_V3 = """{# [AVAILABLE_TOOLS] #}{% set ns = namespace(system='') %}{{ bos_token }}\
{% for m in messages %}{% if m.role == 'system' %}{% set ns.system = m.content + '\\n\\n' %}\
{% elif m.role == 'user' %}{{ '[INST] ' + ns.system + m.content + '[/INST]' }}{% set ns.system = '' %}\
{% else %}{{ ' ' + m.content | trim + eos_token }}{% endif %}{% endfor %}"""
TEKKEN_V3 = """{# [AVAILABLE_TOOLS] #}{% set ns = namespace(system='') %}{{ bos_token }}\
{% for m in messages %}{% if m.role == 'system' %}{% set ns.system = m.content + '\\n\\n' %}\
{% elif m.role == 'user' %}{{ "[INST]" + ns.system + m.content + "[/INST]" }}{% set ns.system = '' %}\
{% else %}{{ m.content + eos_token }}{% endif %}{% endfor %}"""
MISTRAL_V7 = """{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}\
{{ '[SYSTEM_PROMPT] ' + m.content + '[/SYSTEM_PROMPT]' }}{% elif m.role == 'user' %}\
{{ '[INST] ' + m.content + '[/INST]' }}{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"""
TEKKEN_V7 = MISTRAL_V7.replace("PROMPT] ", "PROMPT]").replace("[INST] '", "[INST]'").replace("' ' + ", "")

# Style, template, beginning token, llama.cpp's name of the style or None, conversations.
CASES = [
    ("chatML", CHATML, "", "chatml", CONVERSATIONS),
    ("chatML", QWEN2, "", None, CONVERSATIONS),
    ("chatML", QWEN3, "", None, CONVERSATIONS + [[QUESTION, THOUGHT, AGAIN], [QUESTION, THOUGHT]]),
    ("llama3", LLAMA3, "<|begin_of_text|>", "llama3", CONVERSATIONS),
    ("phi3", PHI3, "<s>", "phi3", CONVERSATIONS),
    ("phi3", PHI3.replace("{{ bos_token }}", ""), "", "phi3", CONVERSATIONS),
    ("gemma", GEMMA, "<bos>", "gemma", CONVERSATIONS),
    ("mistral", MISTRAL, "<s>", "llama2", [CONVERSATIONS[0], CONVERSATIONS[2]]),
    ("mistralV1", MISTRAL_V1, "<s>", "mistral-v1", CONVERSATIONS),
    ("mistralV3", MISTRAL_V3, "<s>", "mistral-v3", CONVERSATIONS),
    ("mistralV3Tekken", TEKKEN_V3, "<s>", "mistral-v3-tekken", CONVERSATIONS),
    ("mistralV7", MISTRAL_V7, "<s>", "mistral-v7", CONVERSATIONS),
    ("mistralV7Tekken", TEKKEN_V7, "<s>", "mistral-v7-tekken", CONVERSATIONS),
]


def by_jinja(template, messages, beginning):
    return jinja2.Environment().from_string(template).render(
        messages=messages, add_generation_prompt=True, bos_token=beginning, eos_token="</s>")


def by_llama_cpp(name, messages):
    chat = (llama_cpp.llama_chat_message * len(messages))(*[
        llama_cpp.llama_chat_message(m["role"].encode(), m["content"].encode()) for m in messages
    ])
    buffer = ctypes.create_string_buffer(4096)
    length = llama_cpp.llama_chat_apply_template(
        name.encode(), chat, len(messages), True, buffer, 4096)
    return buffer.raw[:length].decode()


if __name__ == "__main__":
    golden = []
    for style, template, beginning, name, conversations in CASES:
        rendered = [by_jinja(template, messages, beginning) for messages in conversations]
        for messages, text in zip(conversations, rendered):
            if name:
                peer = by_llama_cpp(name, messages)
                assert beginning + peer == text, (style, beginning + peer, text)
        golden.append({
            "style": style, "template": template, "rendered": rendered,
            "conversations": [[[m["role"], m["content"]] for m in c] for c in conversations],
        })
    (HERE / "chat-golden.json").write_text(json.dumps(golden, indent=1))
