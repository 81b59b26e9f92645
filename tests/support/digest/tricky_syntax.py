"""Source whose syntax tree differs between versions of Python, with its one canonical form.

Each digest was computed on Python 3.11.7, 3.12.1 and 3.13.0, which agreed. They also agreed on the
13,353 files of a standard library and the packages beside it.
"""

# name -> the first 16 digits of the SHA-256 of the canonical form, and the source
SNIPPETS: dict[str, tuple[str, str]] = {
    "empty": (
        "d86810b7fb621c75",
        "",
    ),
    "quotes": (
        "edcb6e7287adc30d",
        "x = 'a' \"b\" u'c', u'd', b'e' b'f', r'\\d', 'it\\'s'",
    ),
    "numbers": (
        "23b4c8660c077bd5",
        "x = 0x10, 1_000, 1e999, -0.0, 0.1, 3j, 1e-7, 10**400, 0b11, 1.0",
    ),
    "long number": (
        "481d2e0e4aabfb13",
        "x = 0x" + "f" * 5000,
    ),
    "constants": (
        "9a4de7e4f3d6676d",
        "x = None, True, False, ..., 1 == True",
    ),
    "surrogate": (
        "7b26dab4a89f0911",
        "x = '\\ud800', '\\N{EM DASH}', 'é', b'\\xff'",
    ),
    "f-string": (
        "2525061ffa6c6426",
        "x = f'a{b}c'",
    ),
    "concatenation": (
        "5818b8589abd5c05",
        "x = 'a' f'{b}' 'c' f'd' f'{e}{f}'",
    ),
    "f-string without a value": (
        "5a9528489d577ed6",
        "x = f'a', f'', f'' f'', 'a' f'', f'{{}}'",
    ),
    "braces": (
        "b83d5c23d751c43b",
        "x = f'{{{a}}}{{b}}', f'{{', f'}}{a}'",
    ),
    "conversions": (
        "acd5ce2fb6b28536",
        "x = f'{a!r}{b!s:>4}{c!a:{d}}'",
    ),
    "self-documenting": (
        "2e6aed1df164b1c8",
        "x = f'{a=}', f'b{ a + 1 = }c', f'{a = !s}', f'{a=:>{w}.{p}f}'",
    ),
    "formats": (
        "4c83f3a645682f8c",
        "x = f'{a:}', f'{a:>10}', f'{a:{b}}', f'{a:{b}>{c}.{d}}', f'{a:%Y-%m-%d}', f'{a:0{b}}'",
    ),
    "nested f-strings": (
        "cb56a38473d0be85",
        "x = f'{f\"{a}\"}', f'{f\"a\"}', f'{\"a\" \"b\"}', f\"{f'{a!r}':>{f'{w}'}}\"",
    ),
    "expressions in f-strings": (
        "e6a79425cd8f044c",
        "x = f'{(lambda: 1)()}', f'{ {1: 2}[1] }', f'{a if b else c}', "
        "f'{a[\"b\"]}', f'{*a, 1}', f'{(y := 3)}', f'{await_}'",
    ),
    "raw and escaped": (
        "d3b942ca5a8ed0c4",
        "x = rf'\\{a}\\n', f'\\n{a}\\t', fr'{a}\\d{{2}}', "
        "f'\\x41{a}\\N{EM DASH}'.strip() if 0 else f'\\u00e9{a}'",
    ),
    "triple": (
        "e18cb03bae29b730",
        "x = f'''\na {b}\n  c {d:>{e}}\n{f}\n'''",
    ),
    "dict": (
        "8fda3140c9356faa",
        "x = {**a, None: 1, 'b': 2}, {None: a}, {**a}",
    ),
    "defaults": (
        "b74770aa83c28614",
        "def f(a, /, b=None, *, c, d=None, **e): return lambda *, x, y=1: (x, y)",
    ),
    "annotations": (
        "6e3f579faa12b334",
        "x: int\n"
        "y: 'str' = 'a'\n"
        "(z): int = 1\n"
        "def f(a: int | None = None, *b: 'c') -> list[int]: ...",
    ),
    "type comments": (
        "9bc89e173f7c7c77",
        "x = [] # type: list[int]\nfor a in b: # type: int\n    c",
    ),
    "class": (
        "d2df87abc2217fdc",
        "@d(1)\n"
        "class A(B, metaclass=C):\n"
        "    'Doc.'\n"
        "    x = 1\n"
        "    'what x is'\n"
        "    def f(self): 'Doc.'",
    ),
    "match": (
        "a2aac1980a25be12",
        "match a:\n"
        "    case None | True: b\n"
        "    case [1, *c] if d: pass\n"
        "    case {'k': e, **f}: g\n"
        "    case P(x, y=z) as w: h\n"
        "    case _: i",
    ),
    "exceptions": (
        "aea7196ee41bf835",
        "try: a\nexcept* (B, C) as d: e\nelse: f\nfinally: g",
    ),
    "with": (
        "77f63bc004cb7e66",
        "with (a as b, c): d\n"
        "async def f():\n"
        "    async with a: await b\n"
        "    async for c in d: yield [e async for e in g]",
    ),
    "imports": (
        "8bc5847a59c2aacd",
        "from __future__ import annotations\nimport a.b as c\nfrom . import d\nfrom ..e import *",
    ),
    "statements": (
        "d8079909e64bac76",
        "global a\n"
        "del b[0], c.d\n"
        "assert e, 'f'\n"
        "raise G from h\n"
        "a @= b\n"
        "x[1:2, ::3, *y] = z\n"
        "if a: pass\n"
        "elif b: c\n"
        "else: pass",
    ),
}
