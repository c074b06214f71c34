import { Composer, type CST, Lexer, Parser } from "yaml";
import type { Diagnostic } from "../errors.ts";
import { convertDocument, type Parsed } from "./convert.ts";
import { problemAt } from "./problems.ts";
import type { SourceFile } from "./source.ts";
import { syntaxProblem } from "./syntax.ts";

/** Deeper than any file a person writes; the parser's time and memory grow with the square of it. */
const DEPTH_MAX = 64;
/** Words and signs of one file. */
const TOKENS_MAX = 100_000;

/** The text of a YAML file as a tree that knows its places. Never throws, whatever the text. */
export function parseYaml(file: SourceFile): Parsed {
  const reserved = file.text.search(/[\uE000\uE001]/);
  if (reserved !== -1) {
    const message = "this character (U+E000 or U+E001) is reserved";
    return refused(file, reserved, { code: "P108", message, help: "delete it" });
  }
  const read = tokensOf(file);
  if ("problem" in read) return { tree: null, problems: [read.problem] };
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: "silent" });
  const documents = [...composer.compose(read.tokens, true, file.text.length)];
  const [document, second] = documents;
  if (document === undefined) return { tree: null, problems: [] };
  const faults = documents.flatMap((one) => [...one.errors, ...one.warnings]);
  const fault = syntaxProblem(file, faults);
  if (fault !== null) return { tree: null, problems: [fault] };
  if (second !== undefined) {
    const message = "a second document begins here; a file holds one";
    const help = "delete the line ---, or put what follows into a file of its own";
    return refused(file, second.range[0], { code: "P106", message, help });
  }
  return convertDocument(file, document);
}

type Tokens = { readonly tokens: readonly CST.Token[] } | { readonly problem: Diagnostic };

/** The pieces of the text, or why it is not read any further. Keeps both the parser's and our stack small. */
function tokensOf(file: SourceFile): Tokens {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let [offset, count] = [0, 0];
  for (const lexeme of new Lexer().lex(file.text)) {
    tokens.push(...parser.next(lexeme));
    offset += lexeme.length;
    count += 1;
    const isDeep = parser.stack.length > DEPTH_MAX;
    if (!isDeep && count <= TOKENS_MAX) continue;
    const message = isDeep
      ? `values are nested deeper than ${DEPTH_MAX} levels`
      : "the file has too many values";
    const help = "is it the right file? A procs.yaml is small and flat";
    const start = Math.min(offset, file.text.length) - 1;
    return {
      problem: problemAt({ file, start, end: start + 1 }, { code: "P108", message, help }),
    };
  }
  tokens.push(...parser.end());
  return { tokens };
}

function refused(
  file: SourceFile,
  start: number,
  saying: { readonly code: string; readonly message: string; readonly help: string },
): Parsed {
  return { tree: null, problems: [problemAt({ file, start, end: start + 1 }, saying)] };
}
