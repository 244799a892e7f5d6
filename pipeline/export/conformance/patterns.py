"""Fixed texts of the templates; ``{0}`` to ``{3}`` stand for words of the model."""

SURROGATES = (
    "\ud83d",
    "\udd11",
    "{0}\ud83d{1} {1}\udd11{0}",
    "\ud83d {0} {1}\ud83d\ud83d\udd11{0}",
    "{0}\udd11\ud83d{1} {0}\ud801\udc00{1} {0}\udc00\ud801{1}",
    "{0}\ud801{1} {0}\udc28{1} {0}\ud801\ud801\udc28\udc28{1}",
    "\udbff{0}\udbff\udfff{1}\ud800\udc00 {0}\udd11\udd11{1}\ud83d",
)
#: Characters that may seem to belong to a word or to end it, and the name of a property
#: that every JavaScript object has.
BETWEEN_LETTERS = (
    "{0}\0{1}\n{0}!{1}_{0}'{1}\u02bc{0}\u2028{1}\x85{0}12\u0664{1}\U0001f511{0} "
    "\ufb01n constructor"
)
#: Characters on which runtimes differ by Unicode version, locale or normal form: case,
#: width, marks, digits, ligatures, planes.
CHARACTER_ZOO = (
    "\u0130I\u0131i \u0394\u039f\u03a3 \u03c3\u03c2 \xdf\u1e9eSS \u0149 \u01f0 "
    "\u017fs \xb5\u03bc \u212aK \u212b\xc5",
    "\u13a0\uab70\u13f8 \u10d0\u1c90 \U00010400\U00010428 \U0001e900\U0001e922 "
    "\u1e9a \u01c4\u01c5\u01c6 \u0345\u03b9",
    "e\u0301e \xe9 s\u0323\u0307 s\u0307\u0323 \u1e69 \uac00 \u1100\u1161 "
    "a\u0308\u0301\u20e3 \u0939\u093f\u0928\u094d",
    "\uff21\uff42\uff43 \ufb01n \u2460 \u2122 \xaa\xba x\xb2 \u2167 \u3392 \u33a1 "
    "\U0001d400\U0001d7d8 \u210e",
    "482913 4 8a2913b \u0664\u0665 \u096a\u0968 \uff11\uff12 "
    "\U0001d7d9\U0001d7da \u0be7\u0bf0 \xbd\xb3",
    "don't don\u2019t don\u02bct fr\u200dee fr\xadee \u200efree\u200f free\ufe0f "
    "\U000e0001a\U000e0100b \ufefffree",
    "toString __proto__ valueOf hasOwnProperty null NaN undefined",
    "a_b a-b a.b a,b a:b a/b a\\b a\"b a'b a\u00b7b a\u203fb &amp; \\u0041 \\n "
    "http://x.y %20",
    "\u4f60\u597d \u0e20\u0e32\u0e29 \u0645\u062c\u0627 \U00020000\U0002a6d6 "
    "\U0001f1e9\U0001f1ea \U0010ffff",
)
