// What LaTeX commands stand for in plain text: signs, letters with accents, and which commands and environments carry no text.

/** Commands that are a sign or a letter. */
export const latexSymbols: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "&": "&",
    "%": "%",
    $: "$",
    "#": "#",
    _: "_",
    "{": "{",
    "}": "}",
    " ": " ",
    "\n": " ",
    ",": " ",
    ";": " ",
    ":": " ",
    "!": "",
    "-": "",
    "/": "",
    "@": "",
    quad: " ",
    qquad: "  ",
    thinspace: " ",
    enspace: " ",
    space: " ",
    newline: "\n",
    linebreak: "\n",
    par: "\n\n",
    ldots: "…",
    dots: "…",
    textellipsis: "…",
    textendash: "–",
    textemdash: "—",
    textbackslash: "\\",
    textasciitilde: "~",
    textasciicircum: "^",
    textbar: "|",
    textless: "<",
    textgreater: ">",
    textquoteleft: "‘",
    textquoteright: "’",
    textquotedblleft: "“",
    textquotedblright: "”",
    lq: "‘",
    rq: "’",
    ss: "ß",
    SS: "ẞ",
    ae: "æ",
    AE: "Æ",
    oe: "œ",
    OE: "Œ",
    aa: "å",
    AA: "Å",
    o: "ø",
    O: "Ø",
    l: "ł",
    L: "Ł",
    i: "ı",
    j: "ȷ",
    dh: "ð",
    DH: "Ð",
    th: "þ",
    TH: "Þ",
    dj: "đ",
    DJ: "Đ",
    S: "§",
    P: "¶",
    dag: "†",
    ddag: "‡",
    copyright: "©",
    textcopyright: "©",
    textregistered: "®",
    texttrademark: "™",
    textdegree: "°",
    pounds: "£",
    textsterling: "£",
    euro: "€",
    texteuro: "€",
    textyen: "¥",
    textmu: "μ",
    textbullet: "•",
    textperiodcentered: "·",
    textexclamdown: "¡",
    textquestiondown: "¿",
    guillemotleft: "«",
    guillemotright: "»",
    LaTeX: "LaTeX",
    LaTeXe: "LaTeX2e",
    TeX: "TeX",
    BibTeX: "BibTeX",
  }),
);

/** Commands that put a combining mark on the letter that follows. */
export const latexAccents: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    '"': "\u0308",
    "~": "\u0303",
    "=": "\u0304",
    ".": "\u0307",
    u: "\u0306",
    v: "\u030c",
    H: "\u030b",
    c: "\u0327",
    k: "\u0328",
    r: "\u030a",
    d: "\u0323",
    b: "\u0331",
    t: "\u0361",
  }),
);

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Commands that go with all of their arguments. */
export const droppedCommands = words(
  `cite citep citet citealp citealt citeauthor citeyear citeyearpar Cite Citep Citet autocite parencite textcite footcite
  nocite ref eqref pageref autoref cref Cref nameref vref label tag index glossary bibliography bibliographystyle
  addbibresource printbibliography documentclass documentstyle usepackage RequirePackage includegraphics includepdf
  graphicspath epsfig epsfbox psfig vspace hspace vskip hskip setlength addtolength setcounter addtocounter
  pagestyle thispagestyle pagenumbering newtheorem theoremstyle hypersetup author thanks affiliation affil address
  institute email date keywords pacs preprint newcommand renewcommand providecommand newenvironment renewenvironment
  DeclareMathOperator DeclareRobustCommand def let newcounter newlength newif definecolor color pagecolor input include
  subfile rule phantom vphantom hphantom multirow multicolumn cline hline fontsize selectlanguage hyphenation
  allowdisplaybreaks numberwithin counterwithin captionsetup geometry titleformat titlespacing marginpar todo
  acknowledgmentsname orcid orcidID authorrunning titlerunning icmltitlerunning ccsdesc setcopyright acmConference`,
);

/** Commands whose braces hold a paragraph of its own. */
export const headingCommands = words(
  "title part chapter section subsection subsubsection paragraph subparagraph caption",
);

/** Environments that go with what is in them. */
export const droppedEnvironments = words(
  `thebibliography comment tikzpicture pgfpicture picture tabular tabular* tabularx tabulary longtable array
  filecontents filecontents* CCSXML keywords IEEEkeywords`,
);

/** Environments of which only captions are text. */
export const floatEnvironments = words(
  "figure figure* table table* wrapfigure wraptable sidewaysfigure sidewaystable SCfigure teaserfigure",
);

/** Environments that are formulas. */
export const mathEnvironments = words(
  `math displaymath equation equation* align align* aligned alignat alignat* flalign flalign* gather gather* multline
  multline* eqnarray eqnarray* dmath dmath* subequations split cases`,
);

/** Environments whose text stands as it is written. */
export const verbatimEnvironments = words("verbatim verbatim* Verbatim lstlisting minted");
