// Tells the language of a source file by its name, from GitHub's list (linguist); where several share an extension, by its text.

/** A language of the list. */
export interface ProgrammingLanguage {
  readonly name: string;
  readonly type: "programming" | "markup" | "data" | "prose";
}

/** Finds languages by names of files. */
export interface LanguageIndex {
  /** The language of a file, or undefined where its name tells none. */
  detect(path: string, text: string): ProgrammingLanguage | undefined;
}

/** The likely one of the languages that share an extension. */
const common: ReadonlySet<string> = new Set(
  `Assembly|C|C#|C++|CSS|Clojure|CoffeeScript|Common Lisp|Cuda|D|Dart|Dockerfile|Elixir|Elm|Emacs Lisp|Erlang|F#|Fortran|GLSL|Go|
Groovy|HTML|Haskell|JSON|Java|JavaScript|Julia|Kotlin|Lua|MATLAB|Makefile|Markdown|Nix|OCaml|PHP|Pascal|Perl|PowerShell|Prolog|
Python|R|Ruby|Rust|SQL|Scala|Scheme|Shell|Swift|TOML|TeX|Text|TypeScript|Verilog|VHDL|Visual Basic .NET|Vue|XML|YAML|Zig|reStructuredText`
    .replaceAll("\n", "")
    .split("|"),
);

/** What a text of the extension holds in one of its languages and not in the others, first match wins. */
const textRules: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  ".h": [
    [/^\s*(?:@(?:interface|protocol|class|property|end)\b|#import\s)/m, "Objective-C"],
    [
      /^\s*(?:template\s*<|namespace\s+\w|class\s+\w+|using\s+namespace|#include\s*<(?:string|vector|map|iostream|memory|cstd\w+)>)|\bstd::/m,
      "C++",
    ],
  ],
  ".m": [
    [/^\s*(?:@(?:interface|implementation|protocol|import|end)\b|#import\s)/m, "Objective-C"],
    [/^\s*:-|\bimplementation\.\s*$/m, "Mercury"],
    [/^\s*\(\*|^\s*BeginPackage\[/m, "Wolfram Language"],
  ],
  ".ts": [[/^\s*<(?:\?xml|!DOCTYPE TS|TS\b)/, "XML"]],
  ".pl": [[/^\s*:-|^[a-z]\w*\([^)]*\)\s*:-/m, "Prolog"]],
  ".pro": [[/^\s*:-|^[a-z]\w*\([^)]*\)\s*:-/m, "Prolog"]],
  ".v": [[/^\s*(?:Require|Theorem|Lemma|Proof|Inductive|Definition)\b/m, "Rocq Prover"]],
  ".cls": [[/^\s*(?:%|\\)/, "TeX"]],
};

let loaded: Promise<LanguageIndex> | undefined;

/** The list is 6 MB of small modules, so it is loaded where repositories are read and nowhere else, once. */
export function loadLanguages(): Promise<LanguageIndex> {
  loaded ??= readLanguages();
  return loaded;
}

async function readLanguages(): Promise<LanguageIndex> {
  const languages = Object.values(await import("linguist-languages"));
  const byName = new Map<string, ProgrammingLanguage>();
  const byExtension = new Map<string, ProgrammingLanguage[]>();
  const byFilename = new Map<string, ProgrammingLanguage>();
  for (const { name, type, extensions = [], filenames = [] } of languages as readonly (ProgrammingLanguage & {
    readonly extensions?: readonly string[];
    readonly filenames?: readonly string[];
  })[]) {
    const language = { name, type };
    byName.set(name, language);
    for (const extension of extensions) {
      const key = extension.toLowerCase();
      byExtension.set(key, [...(byExtension.get(key) ?? []), language]);
    }
    for (const filename of filenames) if (!byFilename.has(filename)) byFilename.set(filename, language);
  }
  return {
    detect(path, text) {
      const filename = path.slice(path.lastIndexOf("/") + 1);
      const exact = byFilename.get(filename);
      if (exact) return exact;
      for (let dot = filename.indexOf("."); dot !== -1; dot = filename.indexOf(".", dot + 1)) {
        const extension = filename.slice(dot).toLowerCase();
        const shared = byExtension.get(extension);
        if (shared === undefined) continue;
        const told = textRules[extension]?.find(([pattern]) => pattern.test(text))?.[1];
        if (told !== undefined) return byName.get(told);
        return shared.find(({ name }) => common.has(name)) ?? shared[0];
      }
      return undefined;
    },
  };
}
