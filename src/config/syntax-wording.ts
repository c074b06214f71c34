import type { Saying } from "./problems.ts";

/** What is said of one kind of syntax error. */
export type Wording = Pick<Saying, "message" | "label" | "help">;

const INDENT_HELP =
  "give keys of one map the same number of spaces, two more than the key above them";

/** By the library's code. */
export const WORDING: Readonly<Record<string, Wording>> = {
  BAD_INDENT: {
    message: "this line is not indented like the ones it belongs to",
    label: "indented differently",
    help: INDENT_HELP,
  },
  MISSING_CHAR: {
    message: "something is missing here",
    label: "YAML expected a space, a comma or a colon",
    help: 'write "key: value", with a space after the colon',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: "this line is neither a key nor the end of a value",
    label: 'no "key: value"',
    help: 'write "key: value"; a value over several lines begins with | or is in quotes',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "a map cannot begin on the same line as its key",
    label: "begins here",
    help: "put it on the next line, two spaces further in, or quote the value",
  },
  BAD_SCALAR_START: {
    message: "a value cannot begin with this character",
    label: "needs quotes",
    help: "put the whole value in single quotes",
  },
  BAD_DQ_ESCAPE: {
    message: "YAML does not know this \\ sequence",
    label: "in double quotes, \\ is special",
    help: "use single quotes, or write \\\\ for one \\",
  },
  TAG_RESOLVE_FAILED: {
    message: "procs.yaml has no tags, and this begins with !",
    label: "a tag",
    help: "put the whole value in single quotes",
  },
  BAD_COLLECTION_TYPE: {
    message: "procs.yaml has no tags, and this begins with !",
    label: "a tag",
    help: "delete the tag",
  },
  BAD_ALIAS: {
    message: "a value that begins with * is an alias, and this is none",
    label: "needs quotes",
    help: "put the whole value in single quotes",
  },
  ALIAS_PROPS: {
    message: "an alias cannot have an anchor or a tag",
    label: "here",
    help: "delete the part with & or !",
  },
  MULTIPLE_ANCHORS: {
    message: "a value can have one anchor",
    label: "a second one",
    help: "delete one; a value that begins with & needs quotes",
  },
  MULTIPLE_TAGS: {
    message: "procs.yaml has no tags, and this begins with !",
    label: "a tag",
    help: "put the whole value in single quotes",
  },
  BAD_PROP_ORDER: {
    message: "an anchor stands before the dash of a list item",
    label: "here",
    help: "put it after the dash",
  },
  BLOCK_IN_FLOW: {
    message: "inside [ ] and { } there are no indented maps or lists",
    label: "here",
    help: "close the bracket first, or write the inner value with brackets too",
  },
  KEY_OVER_1024_CHARS: {
    message: "a key is longer than 1024 characters",
    label: "here",
    help: "is a quote or a line break missing?",
  },
  BAD_DIRECTIVE: {
    message: "a line that begins with % is a YAML directive, and this is none YAML knows",
    label: "here",
    help: "delete the line",
  },
  MULTIPLE_DOCS: {
    message: "a second document begins here; a file holds one",
    label: "here",
    help: "delete the line ---",
  },
  NON_STRING_KEY: {
    message: "a key must be plain text",
    label: "here",
    help: "text with { } or [ ] needs quotes",
  },
  RESOURCE_EXHAUSTION: {
    message: "the file is nested too deeply",
    label: "here",
    help: "is it the right file?",
  },
  UNEXPECTED_TOKEN: {
    message: "YAML did not expect this here",
    label: "here",
    help: "a value with special characters needs quotes",
  },
};

export const UNKNOWN: Wording = {
  message: "this is not valid YAML",
  label: "here",
  help: "a value with special characters needs quotes",
};

/** Where one code stands for several mistakes, by the beginning of the library's message. */
export const BY_MESSAGE: readonly (readonly [RegExp, Wording])[] = [
  [
    /^Unexpected (?:flow-(?:map|seq)-end|comma)/,
    {
      message: "this bracket or comma closes nothing",
      label: "not expected here",
      help: "text with [ ] { } or , at its beginning needs quotes",
    },
  ],
  [
    /^Unexpected block-seq-ind on same line/,
    {
      message: "a list cannot begin on the same line as its key",
      label: "begins here",
      help: "put it on the next line, or write it as [a, b]",
    },
  ],
  [
    /^Unexpected scalar at node end/,
    {
      message: "there is text after the end of this value",
      label: "not expected here",
      help: "put the whole value in one pair of quotes; inside single quotes a ' is written ''",
    },
  ],
];
