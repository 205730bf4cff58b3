"""Texts that tokenizers stumble over."""

ODD = (
    "The capital of France is a large city.", "Hello World  two  spaces", " leading", "trailing  ", "", " ", "\t\n",
    "a\tb\nc", "Ünïcödé Çafé naïve", "cafe\u0301 a\u0323\u0302", "¿Qué?", "日本語 text", "한국어 \u1100\u1161\u11a8",
    "ﬁne ½ ™️", "ＦＵＬＬ　ｗｉｄｔｈ", "①②③ Ⅳ", "``quotes''", "UPPER lower", "don't can't", "🙂", "🙂🙂 👍🏽 x",
    "👨‍👩‍👧 family", "\u200bzero\u200bwidth", "x\u00a0y", "x\u2003y\u2028z", "\x01control\x02", "\ufeffmark",
    "مرحبا שלום", "नमस्ते ไทย", "§ † ‰ … 1,234.56 €", "https://a.b/c?d=e&f", "▁ a▁b ▁▁", "w" * 300,
)  # fmt: skip
MASKED = (
    "[MASK]", "  [MASK]  ", "[MASK][MASK] [MASK]", "the[MASK]was", "the [MASK] was", "Paris is the [MASK] of France.",
    "is [MASK].", "is  [MASK] , no", "[MASK] at", "🙂[MASK]!", "[MASK]🙂[MASK]🙂", "\t[MASK]\tx",
)  # fmt: skip
